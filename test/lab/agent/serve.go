package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// seen is what an answer says: who answers, and which connection it saw.
type seen struct {
	Name      string            `json:"name"`
	Local     string            `json:"local"`
	LocalPort int               `json:"localPort"`
	Peer      string            `json:"peer"`
	PeerPort  int               `json:"peerPort"`
	Method    string            `json:"method,omitempty"`
	Host      string            `json:"host,omitempty"`
	Path      string            `json:"path,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
}

func serve(ports []string) {
	for _, word := range ports {
		address, protocol, _ := strings.Cut(word, "/")
		if !strings.Contains(address, ":") {
			address = ":" + address
		}
		switch protocol {
		case "udp":
			connection, err := net.ListenPacket("udp", address)
			if err != nil {
				fatal(err)
			}
			go serveUDP(connection)
		case "tcp":
			listener := listen(address)
			go serveText(listener)
		case "https":
			listener := tls.NewListener(listen(address), &tls.Config{Certificates: []tls.Certificate{ownCertificate()}})
			go serveHTTP(listener)
		default:
			go serveHTTP(listen(address))
		}
		fmt.Println("serves", word)
	}
}

func listen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fatal(err)
	}
	return listener
}

// serveHTTP answers in both versions of HTTP; in plaintext a client of HTTP/2 must know beforehand.
func serveHTTP(listener net.Listener) {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: http.HandlerFunc(answer), Protocols: protocols}
	fatal(server.Serve(listener))
}

// ownCertificate is one that nobody vouches for.
func ownCertificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}
}

// serveText says who it is at once, and closes.
func serveText(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			fatal(err)
		}
		go func() {
			defer connection.Close()
			_ = json.NewEncoder(connection).Encode(see(connection.LocalAddr(), connection.RemoteAddr()))
		}()
	}
}

func serveUDP(connection net.PacketConn) {
	buffer := make([]byte, 65536)
	for {
		size, peer, err := connection.ReadFrom(buffer)
		if err != nil {
			fatal(err)
		}
		if string(buffer[:size]) == "hang" {
			continue
		}
		text, _ := json.Marshal(see(connection.LocalAddr(), peer))
		_, _ = connection.WriteTo(text, peer)
	}
}

// answer says who it is. A path makes it fail on demand: /status/503, /slow/1500 (milliseconds), /hang, /reset.
func answer(response http.ResponseWriter, request *http.Request) {
	words := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	number := 0
	if len(words) > 1 {
		number, _ = strconv.Atoi(words[1])
	}
	status := http.StatusOK
	switch words[0] {
	case "status":
		status = number
	case "slow":
		time.Sleep(time.Duration(number) * time.Millisecond)
	case "hang":
		<-request.Context().Done()
		return
	case "reset":
		reset(response)
		return
	}
	local, _ := request.Context().Value(http.LocalAddrContextKey).(net.Addr)
	peer, _ := net.ResolveTCPAddr("tcp", request.RemoteAddr)
	text := see(local, peer)
	text.Method, text.Host, text.Path = request.Method, request.Host, request.URL.RequestURI()
	text.Headers = map[string]string{}
	for name, values := range request.Header {
		text.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	response.Header().Set("content-type", "application/json")
	response.WriteHeader(status)
	_ = json.NewEncoder(response).Encode(text)
}

// reset closes the connection with RST instead of an answer.
func reset(response http.ResponseWriter) {
	connection, _, err := http.NewResponseController(response).Hijack()
	if err != nil {
		return
	}
	if stream, ok := connection.(*net.TCPConn); ok {
		_ = stream.SetLinger(0)
	}
	_ = connection.Close()
}

func see(local, peer net.Addr) seen {
	name := os.Getenv("POD_NAME")
	if name == "" {
		name, _ = os.Hostname()
	}
	localIP, localPort := split(local)
	peerIP, peerPort := split(peer)
	return seen{Name: name, Local: localIP, LocalPort: localPort, Peer: peerIP, PeerPort: peerPort}
}

// split gives an IPv4 address of a socket for both families as IPv4.
func split(address net.Addr) (string, int) {
	switch address := address.(type) {
	case *net.TCPAddr:
		return address.AddrPort().Addr().Unmap().String(), address.Port
	case *net.UDPAddr:
		return address.AddrPort().Addr().Unmap().String(), address.Port
	}
	return "", 0
}
