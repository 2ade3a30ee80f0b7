// SPDX-License-Identifier: GPL-2.0

// Shared memory as a []byte, with ioctls only: no cgo and no library. An attach
// returns the address and the size of the segment together, so the slice always
// has the right length, even if the segment grows.
package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// These are the structs of <linux/kshm.h>. The size of each is part of its command.
type getArg struct {
	key   int32
	flags uint32
	size  uint64
	mode  uint32
	id    int32
}

type attachArg struct {
	id     int32
	flags  uint32
	addr   uint64
	length uint64
}

type detachArg struct {
	addr     uint64
	flags    uint32
	reserved uint32
}

type rmidArg struct {
	id    int32
	flags uint32
}

const (
	write     = 1
	read      = 2
	getCreate = 1
)

func command(direction, number, size uintptr) uintptr {
	return direction<<30 | size<<16 | 'k'<<8 | number
}

type Device struct{ file *os.File }

func (d Device) do(direction, number, size uintptr, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, d.file.Fd(),
		command(direction, number, size), uintptr(arg))
	if errno != 0 {
		return errno
	}
	return nil
}

func (d Device) Create(size int) (int32, error) {
	arg := getArg{flags: getCreate, size: uint64(size), mode: 0600}
	err := d.do(read|write, 0x81, unsafe.Sizeof(arg), unsafe.Pointer(&arg))
	return arg.id, err
}

func (d Device) Attach(id int32) ([]byte, error) {
	arg := attachArg{id: id}
	err := d.do(read|write, 0x82, unsafe.Sizeof(arg), unsafe.Pointer(&arg))
	if err != nil {
		return nil, err
	}
	// Go does not manage this memory, so read the address as a pointer.
	first := *(**byte)(unsafe.Pointer(&arg.addr))
	return unsafe.Slice(first, int(arg.length)), nil
}

func (d Device) Detach(memory []byte) error {
	arg := detachArg{addr: uint64(uintptr(unsafe.Pointer(&memory[0])))}
	return d.do(write, 0x83, unsafe.Sizeof(arg), unsafe.Pointer(&arg))
}

func (d Device) Remove(id int32) error {
	arg := rmidArg{id: id}
	return d.do(write, 0x86, unsafe.Sizeof(arg), unsafe.Pointer(&arg))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "kshm:", err)
		os.Exit(1)
	}
}

func main() {
	file, err := os.OpenFile("/dev/kshm", os.O_RDWR, 0)
	check(err)
	device := Device{file}

	id, err := device.Create(5000)
	check(err)
	memory, err := device.Attach(id)
	check(err)
	copy(memory, "hello from Go")
	again, err := device.Attach(id)
	check(err)
	fmt.Printf("%s: %d bytes, %d bytes\n", again[:13], len(memory), len(again))
	check(device.Detach(memory))
	check(device.Remove(id))
	check(device.Detach(again))
	_, err = device.Attach(id)
	fmt.Println("gone:", err == syscall.EINVAL)
}
