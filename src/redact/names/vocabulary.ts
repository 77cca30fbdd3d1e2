/**
 * Words that are nobody's names: those of Kubernetes, Istio, Envoy, the kernel, DNS and HTTP that stand as values where the parsers and
 * evaluators look for them. A name of somebody's that is one of them cannot be told from it, and stays.
 */
const WORDS = `
0-9a-f 0-9a-za-z 0s 0x 1-9a-f 2f 3ffe 551d11 551d13 5c 5xx 7e a-f a-z a-za-z0-9 aaaa abort aborted absent accept accept-local
accepted access access-control-request-method ack action active add additional addr addr-unreachable address address-family
addresses addresstype addrs addrtype admin admin-prohibited admissionregistration affinity age agent aggregate ah alias all
allmulti allocateloadbalancernodeports allow allowed alpha alpn always ambient ambiguous and and-mark annotations anonymous
another answer antrea-agent any anycast apis apiversion app append application applicationprotocolinput apply appprotocol apps
args arp arpa array as assignment assumed assured at attempt attempts audiences audit authn authority authorization
authorizationpolicy authz auto aware backend-addresses backlog backoff bad balance balancer balancing base64 basechains baseport beta bigint
binary bind bitmap bitmask bits blackhole blackholecluster block body boolean boot bootstrap bootstrapconfigdump break
breakers bridge bridged bridgeinterface broadcast broken bucket bucketsize budgets buffer bufferperroute burst by bypass
bypass-inbound-capture byte-scan bytes ca cache calico-node call caller cancelled capture capture-all-dns case catchall cert
certificate certificates certs cgroup chain chains chance check checks checksum checksum-fill choice cidr cidrs cilium circuit
classify cleanup cleanup-only clientip close closed cluster cluster-dns clustercidr clusterfirst clusterfirstwithhostnet
clusterip clusterips clusterloadassignment clustername clusters clustersconfigdump clusterstatuses cni-mode code codec codel
com combined command commandlineoptions comment commit common comp compat concat condition conditions conf config config-dump
configdump configmap configmaps configs configuration configz confirmed conn connect connect-failure connected connection
connections connmark connsecmark conntrack constant consume containerport containers containerstatuses contains content-length
content-type context continue cookie cookies coredns coredns-custom corefile cors corspolicy count counter cpu create
creationtimestamp credentials ct ctdir ctexpire ctmask ctorigdst ctorigdstport ctorigsrc ctorigsrcport ctproto ctrepldst
ctrepldstport ctreplsrc ctreplsrcport ctstate ctstatus current custom cx daddr dadfailed daemonset daemonsets data dccp dead
deadline-exceeded decisions decorator default defined degraded delay delayed delete deletiontimestamp delivered denied denies
denominator deny deploy deployment deployments deprecated descriptors destination destination-port destination-ports
destination-rule destinationipinput destinationport destinationportinput destinationrule detection detectlocal detectlocalmode
dev device dh dhcp di dir direct direction directsourceipinput disable disabled discovery disk dnat dns dns-agent dns-capture
dnsconfig dnspolicy do doesnotexist domains dormant dot downstream downstreamtlscontext dpe dport dports drain draining drop
drop-invalid dropped dry-run ds dscp dst dst- dst-type dual dual-stack dummy dump dup duration dying dynamic dynamiccluster
dynamicendpointconfig dynamicrouteconfig dynamicscopedrouteconfigs dynamicsecret early ecds ecdsconfigdump ecdsfilterconfig
ecn edns0 eds egress egressgateway ehostunreach either elem element elements empty en enable enabled enableservicelinks encap
end endedby endpoint endpoints endpointsconfigdump endpointslice endpointslices endport enetunreach enforced enforcement
entry-node env environment envoy envoy-filter envoy-port envoy-ratelimited envoyfilter equals erratic error escaped esp espspi
established etcd ether event every evidence exact exceeded except excludeinboundports excludeinterfaces
excludeoutboundipranges excludeoutboundports exhausted exists expectation expected expires explicit expose expr ext
extauthzperroute extension extensions external externaldns externalip externalips externally-visible externalname
externaltrafficpolicy extra factor fail failed failure fallback fallthrough false family fast fault faults fc00 fcds fd16 fe80
fec0 ff00 ffff fi fib field file filter filter-chain filterconfig filtered filters fin firewall fixed flag flags flow
flowlabel flowtable flush fo for forbidden force force-apply force-iptables-binary format fornodes forward forwarded
forwarding forzones found fq fqdn fraction frag fragment fragments freebind from fully-random function fwmark fwmask gateway
gateway-error gbytes generate generated generic-objects geneve get gid gid-owner glibc global gm google googleapis goto gre
gretap group grpc grpc-route grpc-web grpcroute h2 h2c hairpin handed-over hash hashlimit hashlimit-above hashlimit-upto
hashsize hbh hcm header headers headless health healthchecknodeport healthy healthz hedge helper hex high hints hitcount hl
hl-eq home hook hops host host-choice host-prohibited host-unreachable hostaliases hostname hostnameoverride hostnames
hostnetwork hostport hosts http http-filter http-route http1 http10 http11 http2 http3 httpfault httpget httpprotocoloptions
httprequestheadermatchinput httproute https hundred ibriport ibrname icmp icmp- icmp-admin-prohibited icmp-host-prohibited
icmp-net-prohibited icmp-net-unreachable icmp-port-unreachable icmp-proto-unreachable icmp-type icmp6 icmp6-addr-unreachable
icmp6-adm-prohibited icmp6-no-route icmp6-policy-fail icmp6-port-unreachable icmp6-reject-route icmpv6 icmpv6-type icmpx id
idle idletimer ids if iface ifgroup ifindex ifname igmp ignore iif iifgroup iifname iiftype image implementation import in in-
addr in-interface inbound inbound-capture-port inbound-proxy inbound-tunnel-port inboundpassthroughcluster
inboundpassthroughclusteripv4 inboundpassthroughclusteripv6 inc include includeinboundports includeoutboundipranges
includeoutboundports incoming incomplete index inet inet6 info ingress ingressgateway ininterface init initcontainers
initcontainerstatuses initval inject inline inlinescopedrouteconfigs input inputs insecure insert instance integer intended
interception interceptionmode interfacenameprefix internal internaldns internalip internaltrafficpolicy interval inv invalid
invert io ip ip-address ip-link ip-neigh ip-route ip-route6 ip-rule ip-rule6 ip6 ip6gre ip6tables ip6tables-legacy-save
ip6tables-save ip6tnl ipblock ipcomp ipencap ipfamilies ipip ipmode ipproto iprange ipset-save iptables iptables-legacy-save
iptables-probe-port iptables-rule iptables-save iptables-trace-logging ipv4 ipv6 ipv6-auth ipv6-crypt ipv6-frag ipv6-icmp
ipv6-mh ipv6-nonxt ipv6-opts ipv6-route ipvs ipvsadm-save is istio istio- istio-cni istio-cni-agent istio-exclude-interfaces
istio-ext-authz istio-inbound- istio-inbound-interception-mode istio-inbound-ports istio-inbound-tproxy-route-table istio-
ingressgateway istio-init istio-iptables istio-local-exclude-ports istio-mutual istio-outbound-ports istio-proxy istio-
service-cidr istio-service-exclude-cidr istio-system istio-validation istiod items jhash jitter json jump jwt
jwtauthentication k8s kb kbytes keep keep-alive keepalive kept kernel key keys kind known kr101 kr102 kr103 kr104 kr105 kr106
kr107 kr108 kr109 kr110 kr111 kr201 kr202 kr203 kr204 kr205 kr206 kr207 kr208 kr209 kr210 kr211 kr301 kr401 kr402 kr403 kr404
kr405 kr406 kr407 kr408 kr409 kube-apiserver kube-cluster-ip kube-dns kube-external-ip kube-external-services kube-firewall
kube-forward kube-hairpin kube-ipvs-filter kube-ipvs-out-filter kube-ipvs0 kube-kubelet-canary kube-load-balancer kube-loop-
back kube-mark-drop kube-mark-masq kube-node-lease kube-node-port kube-nodeports kube-postrouting kube-proxy kube-proxy-canary
kube-proxy-firewall kube-public kube-router kube-services kube-source-range-firewall kube-system kube-virt-interfaces
kubeconfig kubeproxy kubeproxyconfiguration kubernetes kubevirtinterfaces l2tp l3mdev l3proto l4proto label labels large last
latin1 layer layered layers layout lb lblc lblcr lc least leastrequest leaves-snapshot led left left- legacy len length level
limit limit-burst limit-iface-in limit-iface-out limited limits line link linkdown linkerd- linkinfo list listen listener
listener-filter listeners listenersconfigdump listenerstatuses literal live lladdr lo load loadbalancer loadbalancerclass
loadbalancerip loadbalancersourceranges local local-outbound-ports-exclude localaddress localhost localhostnodeports locality
localnet localport localratelimit log logging logical lookup lookups loop loopback loose low lower lrs lua mac mac- maglev
main major malformed managed-by manager mangle map map-set mapped mappers mark markmask mask masq masque masquerade
masqueradeall masqueradebit master match match-set matcher matchers matches matchexpressions matching matchlabels max maxelem
maxseg mbytes medium merge message meta metadata metadataexchange metainfo method methods metric metrics mh mh-type million
minor mirror mismatch miss missing mngtmpaddr mobility-header mod mode model mongo most moved mptcp mq mss mtu multicast
multicluster multipath multiport musl mutatingwebhookconfiguration mutatingwebhookconfigurations mutation mutations mysql name
name-prefix named nameservers namespace namespaces namespaceselector nat native-nftables nc ndots neigh net net-prohibited
net-unreachable netdev netfilter netmap netmask netns netnsid network network-filter network-namespace networking
networkpolicies networkpolicy never new new-chain next nexthdr nexthops nf nfacct nfacct-name nflog nfmask nfproto nfqueue
nft-ruleset nftables nftrace nhid no no-cluster no-data no-host no-route no-such-name noarp nodad node node-local-dns nodecidr
nodename nodeport nodeportaddresses nodes noendpoints noerror nomatch non none noop nop noprefixroute noqueue normalization
normalize not not-set not-translated-back not-understood nothing notin notrack notreadyaddresses nowhere nps nq nr ns nth null
num number numerator numgen nxdomain object obriport obrname off offload offset oif oifgroup oifname oiftype ok on on-ip on-
port onfailure onlink only op open operator optimistic option optional options or or-mark or-off origin original original-path
originaladdress originalport ospf other others out out-interface outbound outbound-proxy outgoing outlier output outside over
overload overload-all overload-some overloads overprovisioning override overwrite ovf owner owner-groups owner-groups-exclude
ownerreferences packet packets panic parameters params parts pass passed passthroughcluster path pattern patterns payload peer
peerauthentication pending per percent percentage permanent permanently permissions perrouteconfig persistent pfifo phase
physdev physdev-is-out physdev-out picking picks pid pim pkt pkt-type pkts pkttype place plain plugin pluginconfig plugins po
pod pod-template-hash podcidr podcidrs podip podips pods podselector pointopoint policies policy policy-fail policytypes pool
port port-unreachable portals ports post postrouting preconnect predicate pref preference prefix prefixlen preflight
preflights prefsrc prerouting presence present presented preserve primary principal principals prio priority private
probability probe probe-timeout problem proc process processes programmed prohibit prometheus promisc promiscuity prot-
unreachable proto proto- proto-src protobuf protocol protocols provided provider providers proxied proxy proxy-connection
proxy-gid proxy-uid proxyconfig proxymode psh publishnotreadyaddresses query questionerror queue queue-threshold quota ra
random random-fully randomfully range ranges rate rateest ratelimit raw rawbuffer rbac rbacperroute rcheck rcode rdest rds
reachable read readinessprobe ready realm reap reason reasons recent reconcile record recv recv-q redirect redirect-dns
redirected redirection redirects redis refresh refused refused-stream regex reject reject-route reject-with rejected
rejectwith related remote remote- removal remove replicas replicaset replicasets replied reply report represent request
requestauthentication requests require requirement requirements requires reroute-virtual-interfaces reset reset-before-request
resolution resolver resolvers resource resource-exhausted respect response restartpolicy restore restore-mark result
retriable-4xx retriable-headers retriable-status-codes retries retry return return-nomatch reuse reverse-path rewrite right
right-shift-mark ring ringhash rl robin rotate round roundrobin route route-config routeconfiguration routed routelist router
routes routesconfigdump rp rpfilter rr rs rsource rst rsvp rt rtclassid rtds rttl rule rules run-validation runasgroup
runasuser running runtime sa saddr safe same sanitize save save-mark scalar scheduler scheme scope scoped scoped-
scopedroutesconfigdump sctp sds sds-grpc search searches secmark secondary seconds secret secrets secretsconfigdump secured
security securitycontext sed see seed seen seen-reply selctx selected selection selector selectors send send-q sensitive sent
separated sequence server servernameinput servers serves service service-entry service-name service-proxy-name serviceaccount
serviceaccountname servicecidr servicecidrs serviceentry services serving sessionaffinity sessionaffinityconfig set set-class
set-counters set-element set-mark set-xmark sh shadow shift-mark sidecar single sit sit6 site size skgid skip skip-rule-
skipped skuid slashes slave slow snaplen snat sni socket socket-exists sockets source source-port source-ports sourceipinput
sourcenat sourceportinput sourcetypeinput span spec specific specifier spelling spiffe spki sport sports src src-range src-
type srh ssl stack stacktrace stage stale start startedat starttime stat state statefulset statefulsets statement static
staticcluster staticendpointconfig staticlistener staticrouteconfig staticsecret statistic stats status statuses stderr stdout
stmt stop stream strict string stringvalue strip strip-options sts subdomain subset subsets substitution substring succeeded
suffix suppl-groups suppress svc symhash syn synproxy sysctl table tables tables-save target targetport targetref tcp tcp-
flags tcp-reset tcp-route tcpmss tcpoptstrip tcproute tcpsocket te tee telemetry tempaddr template temporary ten tentative
terminated terminating th thousand threshold thresholds throw time timeout timeoutseconds tls tls-route tlsroute to to-
destination to-ports to-source token tokens too too-deep too-large too-many topology tos total tproxy tproxy-mark trace
traceparent tracestate tracing track traffic trafficdistribution trailing transfer-encoding transformation translate
translated translation transparent transport transportprotocolinput treat tree true truncated trusted ts ttl ttl- ttl-eq
tunnel turn txt type typed typedstruct typeof u32 uaex uc udo udp udpa udplite uf ufeff uh uid uid-owner ulog unavailable
unchanged unconditional unconn underscores undetermined unescape unhealthy unicast uniform unit unix unknown unreachable
unreadable unreplied unresolved unroutable unspec until untracked up update update-counters update-subcounters upgrade
upstream upstream-rq-timeout-ms upstreamcodec upstreams upstreamtlscontext urg uri url urx use used user-agent users userspace
utf8 v1 v2alpha1 v3 val valid validate validated validation validator validmark value valuefrom values verdict verified verify
version veth vh vhds via vip virtual virtual-host virtual-service virtualinbound virtualinbound-blackhole virtualinbound-
catchall-http virtualoutbound virtualoutbound-blackhole virtualoutbound-catchall-tcp virtualoutbound-trafficloop
virtualservice visible visit vlan vmap vrf vrrp vxlan wait warm warming warning wasm wasmplugin watermark waypoint weave-net
websocket weight weighted when whoami wins wire wireguard with within without wlc workloadentry workloadgroup writtenby wrr
wrrlocality ws x-b3-sampled x-b3-spanid x-b3-traceid x-envoy- x-envoy-attempt-count x-envoy-decorator-operation x-envoy-
downstream-service- x-envoy-downstream-service-cluster x-envoy-expected-rq-timeout-ms x-envoy-external-address x-envoy-fault-
abort-request x-envoy-fault-abort-request- x-envoy-fault-delay-request x-envoy-fault-delay-request-percentage x-envoy-force-
trace x-envoy-hedge-on-per-try- x-envoy-internal x-envoy-ip-tags x-envoy-is-timeout-retry x-envoy-max-retries x-envoy-
original-dst-host x-envoy-original-url x-envoy-peer-metadata x-envoy-peer-metadata-id x-envoy-retry-grpc-on x-envoy-retry-on
x-envoy-upstream-alt-stat-name x-envoy-upstream-rq-per-try-timeout-ms x-envoy-upstream-rq-timeout-alt-response x-forwarded-
client-cert x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-k8s x-request-id xds xds-grpc xff xor-mark
yes zero zipkin zonal zone ztunnel frontend-address exttrafficpolicy inttrafficpolicy trafficpolicy internallocal
l7-load-balancer localredirect maintenance non-routable preferred quarantined realized terminating-not-serving two-scopes
`;

const VOCABULARY: ReadonlySet<string> = new Set(WORDS.split(/\s+/).filter((word) => word !== ''));

/** Whether a word, in whatever case, belongs to the formats themselves. */
export function isOfVocabulary(word: string): boolean {
  return VOCABULARY.has(word.toLowerCase());
}
