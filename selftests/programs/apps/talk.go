// SPDX-License-Identifier: GPL-2.0

// The same as talk.c, in Go, which makes the system calls by their numbers.
//
// usage: talk-go KEY SLOT LAST TEXT
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	slotSize    = 64
	segmentSize = 4096
	polls       = 900
	poll        = 100 * time.Millisecond
	ipcCreat    = 01000
)

func call(number, a, b, c uintptr) uintptr {
	result, _, errno := syscall.Syscall(number, a, b, c)
	if errno != 0 {
		fmt.Fprintln(os.Stderr, "talk-go:", errno)
		os.Exit(1)
	}
	return result
}

func number(text string) int {
	result, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, "talk-go:", err)
		os.Exit(2)
	}
	return int(result)
}

// The text of a slot, as soon as there is one.
func text(memory []byte, slot int) string {
	own := memory[slot*slotSize : (slot+1)*slotSize]
	for i := 0; i < polls && own[0] == 0; i++ {
		time.Sleep(poll)
	}
	if own[0] == 0 {
		fmt.Fprintln(os.Stderr, "talk-go: nobody wrote into a slot")
		os.Exit(1)
	}
	return string(bytes.TrimRight(own, "\x00"))
}

func main() {
	if len(os.Args) != 5 {
		os.Exit(2)
	}
	key, own, last := number(os.Args[1]), number(os.Args[2]), number(os.Args[3])
	id := call(syscall.SYS_SHMGET, uintptr(key), segmentSize, ipcCreat|0600)
	at := call(syscall.SYS_SHMAT, id, 0, 0)
	// Go does not manage this memory, so read the address as a pointer.
	memory := unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), segmentSize)

	for slot := 0; slot < own; slot++ {
		fmt.Println(text(memory, slot))
	}
	copy(memory[own*slotSize:(own+1)*slotSize], os.Args[4])
	text(memory, last)
	call(syscall.SYS_SHMDT, at, 0, 0)
}
