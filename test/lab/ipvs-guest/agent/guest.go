package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"
)

// Numbers that package syscall does not name on amd64.
const (
	sysSetns       = 308
	sysFinitModule = 313
)

// orders is where the host leaves its orders.
const orders = "/run/orders"

// furnish mounts what programs expect, over a root that cannot be written.
func furnish() error {
	mounts := [][2]string{{"proc", "/proc"}, {"sysfs", "/sys"}, {"cgroup2", "/sys/fs/cgroup"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}, {"tmpfs", "/run"}}
	for _, mount := range mounts {
		if err := syscall.Mount(mount[0], mount[1], mount[0], 0, ""); err != nil && !errors.Is(err, syscall.EBUSY) {
			return fmt.Errorf("mount %s: %w", mount[1], err)
		}
	}
	// An argument of the kernel that it does not know is a variable of its first process.
	packages := os.Getenv("packages")
	os.Setenv("PATH", "/run/bin:"+packages+"/sbin:/usr/sbin:/usr/bin:/sbin:/bin")
	os.Setenv("LD_LIBRARY_PATH", packages+"/lib/x86_64-linux-gnu:"+packages+"/usr/lib/x86_64-linux-gnu")
	os.Setenv("HOME", "/tmp")
	if err := linkLegacyIptables("/run/bin"); err != nil {
		return err
	}
	if err := os.MkdirAll("/run/netns", 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(orders, 0o755); err != nil {
		return err
	}
	return syscall.Mount("none", orders, "hostfs", 0, os.Getenv("orders"))
}

// linkLegacyIptables makes iptables the legacy one under all of its names: the guest's kernel has no families of nf_tables.
func linkLegacyIptables(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"iptables", "ip6tables"} {
		for _, end := range []string{"", "-save", "-restore"} {
			if err := os.Symlink("/usr/sbin/xtables-legacy-multi", filepath.Join(folder, name+end)); err != nil {
				return err
			}
		}
	}
	return nil
}

func powerOff() {
	syscall.Sync()
	syscall.Reboot(syscall.LINUX_REBOOT_CMD_POWER_OFF)
}

// openSerial opens a terminal and takes every treatment of lines from it.
func openSerial(path string) (*os.File, error) {
	descriptor, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	var settings syscall.Termios
	if err := terminal(descriptor, syscall.TCGETS, &settings); err != nil {
		return nil, err
	}
	settings.Iflag, settings.Oflag, settings.Lflag = 0, 0, 0
	settings.Cc[syscall.VMIN], settings.Cc[syscall.VTIME] = 1, 0
	if err := terminal(descriptor, syscall.TCSETS, &settings); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(descriptor), path), nil
}

func terminal(descriptor int, request uintptr, settings *syscall.Termios) error {
	_, _, number := syscall.Syscall(syscall.SYS_IOCTL, uintptr(descriptor), request, uintptr(unsafe.Pointer(settings)))
	if number != 0 {
		return number
	}
	return nil
}

// loadModules inserts module files in the order given.
func loadModules(files []string) error {
	for _, file := range files {
		module, err := os.Open(file)
		if err != nil {
			return err
		}
		parameters, _ := syscall.BytePtrFromString("")
		_, _, number := syscall.Syscall(sysFinitModule, module.Fd(), uintptr(unsafe.Pointer(parameters)), 0)
		module.Close()
		if number != 0 && number != syscall.EEXIST {
			return fmt.Errorf("%s: %w", filepath.Base(file), number)
		}
	}
	return nil
}

// within runs a function on a thread that is in a network namespace; the thread ends with it.
func within[T any](netns string, act func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		if netns != "" {
			runtime.LockOSThread()
			if err := enter(netns); err != nil {
				var none T
				done <- outcome{none, err}
				return
			}
		}
		value, err := act()
		done <- outcome{value, err}
	}()
	result := <-done
	return result.value, result.err
}

func enter(netns string) error {
	file, err := os.Open("/run/netns/" + netns)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, _, number := syscall.Syscall(sysSetns, file.Fd(), syscall.CLONE_NEWNET, 0); number != 0 {
		return fmt.Errorf("netns %s: %w", netns, number)
	}
	return nil
}

// Finished is what a program left.
type Finished struct {
	Status int    `json:"status"`
	Stdout string `json:"stdout"`
	Stderr string `json:"stderr"`
}

func run(netns string, argv []string, stdin string) (Finished, error) {
	return within(netns, func() (Finished, error) {
		var stdout, stderr bytes.Buffer
		command := exec.Command(argv[0], argv[1:]...)
		command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &stdout, &stderr
		err := command.Run()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			return Finished{}, err
		}
		return Finished{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
	})
}

// start gives the process id of a program that keeps running.
func start(netns string, argv []string, logFile string) (int, error) {
	return within(netns, func() (int, error) {
		output, err := os.Create(logFile)
		if err != nil {
			return 0, err
		}
		defer output.Close()
		command := exec.Command(argv[0], argv[1:]...)
		command.Stdout, command.Stderr = output, output
		if err := command.Start(); err != nil {
			return 0, err
		}
		go command.Wait()
		return command.Process.Pid, nil
	})
}
