# SPDX-License-Identifier: GPL-2.0
"""An X client that draws through MIT-SHM on the root window, gets its drawing
back through MIT-SHM, and tells what happened. Libraries are used as they are.

usage: xshm.py X Y [X Y...]
"""

import ctypes
import sys

import sysv_ipc

WIDTH, HEIGHT = 320, 200
Z_PIXMAP, ALL_PLANES = 2, ctypes.c_ulong(-1)


class SegmentInfo(ctypes.Structure):
    _fields_ = [("segment", ctypes.c_ulong), ("id", ctypes.c_int),
                ("address", ctypes.c_void_p), ("read_only", ctypes.c_int)]


class Error(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("display", ctypes.c_void_p),
                ("resource", ctypes.c_ulong), ("serial", ctypes.c_ulong),
                ("code", ctypes.c_ubyte), ("request", ctypes.c_ubyte),
                ("minor", ctypes.c_ubyte)]


def row(y):
    """Pixels: blue, green, red and an unused byte."""
    pixels = bytearray(4 * WIDTH)
    pixels[0::4] = bytes(x & 255 for x in range(WIDTH))
    pixels[1::4] = bytes([y]) * WIDTH
    pixels[2::4] = bytes((x ^ y) & 255 for x in range(WIDTH))
    return bytes(pixels)


def picture():
    return [row(y) for y in range(HEIGHT)]


class Client:
    def __init__(self):
        self.errors, self.picture = 0, b"".join(picture())
        self.x = ctypes.CDLL("libX11.so.6")
        self.ext = ctypes.CDLL("libXext.so.6")
        for name in "XOpenDisplay", "XDefaultVisual", "XDefaultGC":
            getattr(self.x, name).restype = ctypes.c_void_p
        self.x.XDefaultRootWindow.restype = ctypes.c_ulong
        self.ext.XShmCreateImage.restype = ctypes.c_void_p
        self.display = ctypes.c_void_p(self.x.XOpenDisplay(None))
        if not self.display:
            sys.exit("there is no display")
        handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p,
                                   ctypes.POINTER(Error))
        self.handler = handler(self.refused)
        self.x.XSetErrorHandler(self.handler)
        self.root = ctypes.c_ulong(self.x.XDefaultRootWindow(self.display))
        self.gc = ctypes.c_void_p(self.x.XDefaultGC(self.display, 0))

    def refused(self, _, error):
        text = ctypes.create_string_buffer(200)
        self.x.XGetErrorText(self.display, error[0].code, text, len(text))
        print(f"refused: {text.value.decode()}, minor request "
              f"{error[0].minor}")
        self.errors += 1
        return 0

    def image(self):
        """An image in a segment of its own that the server has attached."""
        shm = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, 0o600,
                                    WIDTH * HEIGHT * 4)
        info = SegmentInfo(0, shm.id, shm.address, 0)
        image = self.ext.XShmCreateImage(
            self.display,
            ctypes.c_void_p(self.x.XDefaultVisual(self.display, 0)), 24,
            Z_PIXMAP, ctypes.c_void_p(shm.address), ctypes.byref(info), WIDTH,
            HEIGHT)
        self.ext.XShmAttach(self.display, ctypes.byref(info))
        self.x.XSync(self.display, 0)
        print(f"nattch {shm.number_attached}")
        if self.errors:
            shm.remove()
            sys.exit("the server has not attached it")
        return shm, info, ctypes.c_void_p(image)

    def draw(self, at):
        shm, info, image = self.image()
        shm.write(self.picture)
        self.ext.XShmPutImage(self.display, self.root, self.gc, image, 0, 0,
                              *at, WIDTH, HEIGHT, 0)
        self.x.XSync(self.display, 0)
        self.end(shm, info)

    def get(self, at):
        shm, info, image = self.image()
        self.ext.XShmGetImage(self.display, self.root, image, *at, ALL_PLANES)
        same = shm.read() == self.picture
        print(f"got back {'the same' if same else 'something else'}")
        self.end(shm, info)

    def end(self, shm, info):
        self.ext.XShmDetach(self.display, ctypes.byref(info))
        self.x.XSync(self.display, 0)
        shm.detach()
        shm.remove()


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    client = Client()
    for where in zip(numbers[0::2], numbers[1::2]):
        client.draw(where)
        client.get(where)
