#!/bin/sh
# The first process of a node. It runs in mount, UTS, IPC, cgroup and process namespaces of its own (and in the node's network
# namespace), gives the node a root of its own, and starts containerd and kubelet there. When it ends, all of the node ends.
#
#   node-init.sh NAME FOLDER
#
# FOLDER holds root/, bin/ and images/ (all empty), etc/ (configuration) and log/; FOLDER/../parts holds bin/ and images/ of all nodes.
set -eu
name=$1
folder=$2
root=$folder/root

hostname "$name"
mount --make-rprivate /
mount -t tmpfs -o mode=755 node "$root"
cd "$root"
mkdir usr etc var tmp run proc sys dev root lab old upper work
for link in bin sbin lib lib64; do ln -s "usr/$link" "$link"; done
# The machine's programs, writable without touching them.
for part in usr etc; do
  mkdir "upper/$part" "work/$part"
  mount -t overlay -o "lowerdir=/$part,upperdir=upper/$part,workdir=work/$part" overlay "$part"
done
mkdir -p usr/lib/modules var/lib var/log/pods var/run
mount --rbind "$folder" lab
for part in bin images; do mount --bind "$folder/../parts/$part" "lab/$part"; done
mount --rbind /dev dev
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
for hierarchy in /sys/fs/cgroup/*/; do
  hierarchy=$(basename "$hierarchy")
  case $hierarchy in
    unified) continue ;;
    systemd) options=none,name=systemd ;;
    *) options=$hierarchy ;;
  esac
  mkdir "sys/fs/cgroup/$hierarchy"
  mount -t cgroup -o "$options" cgroup "sys/fs/cgroup/$hierarchy"
done
cp lab/etc/hosts lab/etc/resolv.conf etc/
echo "$name" >etc/hostname
# kubelet sets these for the whole machine: here they are the node's own files.
for setting in vm/overcommit_memory kernel/panic kernel/panic_on_oops; do
  plain=lab/etc/$(basename "$setting")
  cat "proc/sys/$setting" >"$plain"
  mount --bind "$plain" "proc/sys/$setting"
done

pivot_root . old
umount -l /old
mount --make-rshared /

export PATH=/lab/bin:/usr/sbin:/usr/bin:/sbin:/bin
containerd --config /lab/etc/containerd.toml >/lab/log/containerd.log 2>&1 &
until ctr version >/dev/null 2>&1; do sleep 0.1; done
for image in /lab/images/*.tar; do
  ctr -n k8s.io images import --no-unpack "$image" >>/lab/log/images.log 2>&1
done
# shellcheck disable=SC2046
exec kubelet $(cat /lab/etc/kubelet-flags) >/lab/log/kubelet.log 2>&1
