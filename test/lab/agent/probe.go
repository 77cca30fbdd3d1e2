package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// question is what `agent probe` is asked.
type question struct {
	Protocol string            `json:"protocol"` // http, https, tcp or udp
	Host     string            `json:"host"`     // name or address
	Address  string            `json:"address"` // what Host stands for; empty: it is resolved
	Port     int               `json:"port"`
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Payload  string            `json:"payload"` // of a UDP datagram
	Count    int               `json:"count"`
	Timeout  int               `json:"timeout"` // milliseconds, of each attempt
	Family   string            `json:"family"`  // "4", "6": which addresses of a name are used; empty: the first
}

// outcome is what happened to one attempt.
type outcome struct {
	// answered, or where it ended: resolve, connect, answer
	Stage string `json:"stage"`
	// Name of the error: ECONNREFUSED, timeout, NXDOMAIN, EOF …
	Error     string   `json:"error,omitempty"`
	Status    int      `json:"status,omitempty"`
	Body      string   `json:"body,omitempty"`
	Server    string   `json:"server,omitempty"`
	Seen      *seen    `json:"seen,omitempty"`
	Address   string   `json:"address,omitempty"` // that was dialled
	Local     string   `json:"local,omitempty"`   // the sender's own
	LocalPort int      `json:"localPort,omitempty"`
	Found     []string `json:"found,omitempty"` // addresses of the name
}

// probes asks the questions of standard input, a line each, so many of them at a time, and prints for each a line with its outcomes, in
// their order.
func probes(atOnce int) {
	var lines []string
	scanner := bufio.NewScanner(os.Stdin)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		fatal(err)
	}
	outcomes := make([][]outcome, len(lines))
	places := make(chan struct{}, atOnce)
	var under sync.WaitGroup
	for at, line := range lines {
		asked := read(line)
		places <- struct{}{}
		under.Go(func() {
			for range asked.Count {
				outcomes[at] = append(outcomes[at], send(asked))
			}
			<-places
		})
	}
	under.Wait()
	encoder := json.NewEncoder(os.Stdout)
	for _, all := range outcomes {
		if err := encoder.Encode(all); err != nil {
			fatal(err)
		}
	}
}

func read(text string) question {
	asked := question{Count: 1, Timeout: 2000, Method: "GET", Path: "/"}
	if err := json.Unmarshal([]byte(text), &asked); err != nil {
		fatal(err)
	}
	return asked
}

func probe(text string) {
	asked := read(text)
	encoder := json.NewEncoder(os.Stdout)
	for range asked.Count {
		if err := encoder.Encode(send(asked)); err != nil {
			fatal(err)
		}
	}
}

func send(asked question) outcome {
	limit, cancel := context.WithTimeout(context.Background(), time.Duration(asked.Timeout)*time.Millisecond)
	defer cancel()
	found, err := resolve(limit, asked)
	if err != nil {
		return outcome{Stage: "resolve", Error: nameOf(err)}
	}
	result := outcome{Found: found, Address: found[0]}
	network := "tcp"
	if asked.Protocol == "udp" {
		network = "udp"
	}
	dialer := net.Dialer{}
	connection, err := dialer.DialContext(limit, network, net.JoinHostPort(found[0], strconv.Itoa(asked.Port)))
	if err != nil {
		result.Stage, result.Error = "connect", nameOf(err)
		return result
	}
	defer connection.Close()
	deadline, _ := limit.Deadline()
	_ = connection.SetDeadline(deadline)
	result.Local, result.LocalPort = split(connection.LocalAddr())
	switch asked.Protocol {
	case "http":
		err = sendHTTP(connection, asked, &result)
	case "https":
		// Whom a server says to be is not what is asked here. Of an address Go sends no server name.
		secure := &tls.Config{ServerName: asked.Host, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
		err = sendHTTP(tls.Client(connection, secure), asked, &result)
	default:
		err = sendRaw(connection, asked, &result)
	}
	result.Stage = "answered"
	if err != nil {
		result.Stage, result.Error = "answer", nameOf(err)
	}
	return result
}

func resolve(limit context.Context, asked question) ([]string, error) {
	if asked.Address != "" {
		return []string{asked.Address}, nil
	}
	if net.ParseIP(asked.Host) != nil {
		return []string{asked.Host}, nil
	}
	addresses, err := net.DefaultResolver.LookupIP(limit, "ip"+asked.Family, asked.Host)
	if err != nil {
		return nil, err
	}
	found := make([]string, len(addresses))
	for at, address := range addresses {
		found[at] = address.String()
	}
	return found, nil
}

func sendHTTP(connection net.Conn, asked question, result *outcome) error {
	request, err := http.NewRequest(asked.Method, fmt.Sprintf("http://%s%s", net.JoinHostPort(asked.Host, strconv.Itoa(asked.Port)), asked.Path), nil)
	if err != nil {
		return err
	}
	for name, value := range asked.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	if err := request.Write(connection); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	result.Status, result.Server = response.StatusCode, response.Header.Get("server")
	body, err := io.ReadAll(io.LimitReader(response.Body, 65536))
	take(result, body)
	return err
}

// refusalPatience is how long after a failed sending its refusal is waited for.
const refusalPatience = 200 * time.Millisecond

func sendRaw(connection net.Conn, asked question, result *outcome) error {
	if asked.Protocol == "udp" {
		payload := asked.Payload
		if payload == "" {
			payload = "?"
		}
		_, sent := connection.Write([]byte(payload))
		if sent != nil && !errors.Is(sent, syscall.EPERM) {
			return sent
		}
		// A rule in OUTPUT that rejects also makes sending fail; its refusal waits at the socket.
		if sent != nil {
			_ = connection.SetReadDeadline(time.Now().Add(refusalPatience))
		}
		buffer := make([]byte, 65536)
		size, err := connection.Read(buffer)
		if sent != nil && !errors.Is(err, syscall.ECONNREFUSED) {
			return sent
		}
		take(result, buffer[:size])
		return err
	}
	body, err := io.ReadAll(io.LimitReader(connection, 65536))
	if err == nil && len(body) == 0 {
		err = io.EOF
	}
	take(result, body)
	return err
}

func take(result *outcome, body []byte) {
	answered := seen{}
	if json.Unmarshal(body, &answered) == nil && answered.Name != "" {
		result.Seen = &answered
		return
	}
	result.Body = string(body)
}

func nameOf(err error) string {
	var unknown *net.DNSError
	if errors.As(err, &unknown) {
		if unknown.IsNotFound {
			return "NXDOMAIN"
		}
		return "dns: " + unknown.Err
	}
	var number syscall.Errno
	if errors.As(err, &number) {
		for name, known := range map[string]syscall.Errno{
			"ECONNREFUSED": syscall.ECONNREFUSED,
			"ECONNRESET":   syscall.ECONNRESET,
			"EHOSTUNREACH": syscall.EHOSTUNREACH,
			"ENETUNREACH":  syscall.ENETUNREACH,
			"ETIMEDOUT":    syscall.ETIMEDOUT,
			"EPERM":        syscall.EPERM,
			"EACCES":       syscall.EACCES,
			"EINVAL":       syscall.EINVAL,
		} {
			if number == known {
				return name
			}
		}
		return number.Error()
	}
	var late net.Error
	if errors.As(err, &late) && late.Timeout() {
		return "timeout"
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "EOF"
	}
	return err.Error()
}
