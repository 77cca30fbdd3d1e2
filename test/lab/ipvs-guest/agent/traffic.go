package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Server answers on addresses with its name and what it saw.
type Server struct {
	Name      string   `json:"name"`
	Addresses []string `json:"addresses"`
	TCP       []int    `json:"tcp"`
	UDP       []int    `json:"udp"`
}

// Probe is one connection, or one datagram.
type Probe struct {
	Protocol    string `json:"protocol"`
	Source      string `json:"source"`
	SourcePort  int    `json:"sourcePort"`
	Destination string `json:"destination"`
	Port        int    `json:"port"`
	// Patience is how long to wait for an answer, in milliseconds.
	Patience int `json:"patience"`
	// Count probes are sent one after the other.
	Count int `json:"count"`
	// Hold keeps the connections open until they are released.
	Hold bool `json:"hold"`
}

// Seen is what a server saw of a probe.
type Seen struct {
	Name      string `json:"name"`
	Local     string `json:"local"`
	LocalPort int    `json:"localPort"`
	Peer      string `json:"peer"`
	PeerPort  int    `json:"peerPort"`
}

// Result of a probe: answered, timeout, closed, or the name of an error.
type Result struct {
	Result string `json:"result"`
	Seen   *Seen  `json:"seen,omitempty"`
}

func seen(name string, local, peer net.Addr) []byte {
	host := func(address net.Addr) (string, int) {
		text, port, _ := net.SplitHostPort(address.String())
		number, _ := strconv.Atoi(port)
		return text, number
	}
	fact := Seen{Name: name}
	fact.Local, fact.LocalPort = host(local)
	fact.Peer, fact.PeerPort = host(peer)
	text, _ := json.Marshal(fact)
	return append(text, '\n')
}

// serve listens on each address by itself, so that a datagram's answer comes from the address that was asked.
func serve(netns string, server Server) error {
	_, err := within(netns, func() (struct{}, error) {
		for _, address := range server.Addresses {
			for _, port := range server.TCP {
				listener, err := net.Listen("tcp", at(address, port))
				if err != nil {
					return struct{}{}, err
				}
				go answerTCP(server.Name, listener)
			}
			for _, port := range server.UDP {
				socket, err := net.ListenPacket("udp", at(address, port))
				if err != nil {
					return struct{}{}, err
				}
				go answerUDP(server.Name, socket)
			}
		}
		return struct{}{}, nil
	})
	return err
}

func at(address string, port int) string {
	return net.JoinHostPort(address, strconv.Itoa(port))
}

func answerTCP(name string, listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			connection.Write(seen(name, connection.LocalAddr(), connection.RemoteAddr()))
			connection.Read(make([]byte, 1))
		}()
	}
}

func answerUDP(name string, socket net.PacketConn) {
	datagram := make([]byte, 64)
	for {
		_, peer, err := socket.ReadFrom(datagram)
		if err != nil {
			return
		}
		socket.WriteTo(seen(name, socket.LocalAddr(), peer), peer)
	}
}

var held struct {
	sync.Mutex
	connections []net.Conn
}

func release() int {
	held.Lock()
	defer held.Unlock()
	for _, connection := range held.connections {
		abandon(connection)
	}
	count := len(held.connections)
	held.connections = nil
	return count
}

// abandon ends a connection by a reset, so that no port waits.
func abandon(connection net.Conn) {
	if stream, ok := connection.(*net.TCPConn); ok {
		stream.SetLinger(0)
	}
	connection.Close()
}

func probe(netns string, probe Probe) ([]Result, error) {
	return within(netns, func() ([]Result, error) {
		results := []Result{}
		for range max(probe.Count, 1) {
			results = append(results, probeOnce(probe))
		}
		return results, nil
	})
}

func probeOnce(probe Probe) Result {
	patience := time.Duration(probe.Patience) * time.Millisecond
	deadline := time.Now().Add(patience)
	dialer := net.Dialer{Deadline: deadline}
	if probe.Source != "" || probe.SourcePort != 0 {
		dialer.LocalAddr = local(probe)
	}
	connection, err := dialer.Dial(probe.Protocol, at(probe.Destination, probe.Port))
	if err != nil {
		return Result{Result: reason(err)}
	}
	connection.SetDeadline(deadline)
	if probe.Protocol == "udp" {
		if _, err := connection.Write([]byte("?")); err != nil {
			connection.Close()
			return Result{Result: reason(err)}
		}
	}
	text, err := bufio.NewReader(connection).ReadBytes('\n')
	if probe.Hold && err == nil {
		held.Lock()
		held.connections = append(held.connections, connection)
		held.Unlock()
	} else {
		abandon(connection)
	}
	if err != nil {
		return Result{Result: reason(err)}
	}
	var fact Seen
	if err := json.Unmarshal(text, &fact); err != nil {
		return Result{Result: "garbled"}
	}
	return Result{Result: "answered", Seen: &fact}
}

func local(probe Probe) net.Addr {
	if probe.Protocol == "udp" {
		return &net.UDPAddr{IP: net.ParseIP(probe.Source), Port: probe.SourcePort}
	}
	return &net.TCPAddr{IP: net.ParseIP(probe.Source), Port: probe.SourcePort}
}

// The names of errors are those that Node.js gives, as in the results of other probes of this project.
var names = map[syscall.Errno]string{
	syscall.ECONNREFUSED: "ECONNREFUSED",
	syscall.ECONNRESET:   "ECONNRESET",
	syscall.EHOSTUNREACH: "EHOSTUNREACH",
	syscall.ENETUNREACH:  "ENETUNREACH",
	syscall.EACCES:       "EACCES",
	syscall.EPERM:        "EPERM",
	syscall.EADDRINUSE:   "EADDRINUSE",
	syscall.EINVAL:       "EINVAL",
}

func reason(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		if name, known := names[number]; known {
			return name
		}
		return fmt.Sprintf("errno %d", int(number))
	}
	if errors.Is(err, os.ErrDeadlineExceeded) || isTimeout(err) {
		return "timeout"
	}
	return "closed"
}

func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}
