// The first process of the guest kernel. Each line of the serial line names a file that holds an order, a JSON object; the answer is
// one line: load modules, run programs, serve and probe in network namespaces. It holds no scenario: the host has them.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Order is what the host asks. Do says which of the other fields count.
type Order struct {
	ID      int      `json:"id"`
	Do      string   `json:"do"`
	Netns   string   `json:"netns"`
	Modules []string `json:"modules"`
	Argv    []string `json:"argv"`
	Stdin   string   `json:"stdin"`
	// Text is what is counted in File.
	File string `json:"file"`
	Text string `json:"text"`
	// Log is the file that a program that keeps running writes to.
	Log string `json:"log"`
	Server
	Probe
}

func main() {
	if err := furnish(); err != nil {
		log.Fatalf("the guest is not furnished: %v", err)
	}
	line, err := openSerial("/dev/ttyS0")
	if err != nil {
		log.Fatalf("no serial line: %v", err)
	}
	var mutex sync.Mutex
	answer := func(id int, fields any, err error) {
		reply := map[string]any{"id": id}
		if err != nil {
			reply["error"] = err.Error()
		} else {
			reply["value"] = fields
		}
		text, _ := json.Marshal(reply)
		mutex.Lock()
		defer mutex.Unlock()
		line.Write(append(text, '\n'))
	}
	answer(0, "ready", nil)
	reader := bufio.NewReaderSize(line, 1<<16)
	for {
		file, err := reader.ReadString('\n')
		if err != nil {
			powerOff()
		}
		var order Order
		text, err := os.ReadFile(filepath.Join(orders, strings.TrimSpace(file)))
		if err == nil {
			err = json.Unmarshal(text, &order)
		}
		if err != nil {
			answer(-1, nil, err)
			continue
		}
		go func() {
			fields, err := obey(order)
			answer(order.ID, fields, err)
		}()
	}
}

func obey(order Order) (any, error) {
	switch order.Do {
	case "load":
		return nil, loadModules(order.Modules)
	case "run":
		return run(order.Netns, order.Argv, order.Stdin)
	case "start":
		return start(order.Netns, order.Argv, order.Log)
	case "count":
		text, err := os.ReadFile(order.File)
		return bytes.Count(text, []byte(order.Text)), err
	case "serve":
		return nil, serve(order.Netns, order.Server)
	case "probe":
		return probe(order.Netns, order.Probe)
	case "release":
		return release(), nil
	case "power-off":
		powerOff()
	}
	return nil, &unknownOrder{order.Do}
}

type unknownOrder struct{ name string }

func (unknown *unknownOrder) Error() string { return "no such order: " + unknown.name }

func init() {
	log.SetOutput(os.Stderr)
	log.SetFlags(0)
}
