// Command agent is the application of the lab's pods, and the sender of its probes. It is static, so that it is a container image of its
// own and runs in any namespace of the machine.
//
//	agent serve 8080/http 9090/tcp 5353/udp   answers who it is and whom it sees
//	agent probe JSON                          sends one kind of request, several times, and prints what happened
//	agent probes 48                           the same for each line of standard input, so many lines at a time
//	agent pause                               does nothing (the sandbox of a pod)
//	agent fail                                ends with status 1 (a probe that never passes)
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fatal(fmt.Errorf("usage: agent serve PORT/http|https|tcp|udp… | probe JSON | probes COUNT | pause | fail"))
	}
	switch os.Args[1] {
	case "serve":
		serve(os.Args[2:])
		// A terminating pod goes on answering until its grace period is over.
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		for range signals {
		}
	case "probe":
		probe(os.Args[2])
	case "probes":
		atOnce, err := strconv.Atoi(os.Args[2])
		if err != nil {
			fatal(err)
		}
		probes(atOnce)
	case "pause":
		pause()
	default:
		os.Exit(1)
	}
}

// pause also takes in the orphans of a pod that shares its process namespace.
func pause() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			os.Exit(0)
		}
		for {
			pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
		}
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "agent:", err)
	os.Exit(2)
}
