"""A user of a window on an X server: finds it by its title, points, clicks, types, resizes (libX11, libXtst)."""
import ctypes, os, time

KEYS = {"?": 0x3F, " ": 0x20, "escape": 0xFF1B, "tab": 0xFF09, "f5": 0xFFC2, "f10": 0xFFC7, "return": 0xFF0D}


class Attributes(ctypes.Structure):  # XWindowAttributes begins so; the rest is room
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("rest", ctypes.c_char * 512)]


class User:
    def __init__(self, title, seconds=600, results=None, types=True):
        """results: a file of lines that the program writes, one a result: pauses last until some more are there. Raises OSError when a library or the server is not there, TimeoutError when no window comes."""
        self.results = results
        self.x = ctypes.CDLL("libX11.so.6")
        self.t = ctypes.CDLL("libXtst.so.6")
        self.x.XOpenDisplay.restype = ctypes.c_void_p
        self.x.XDefaultRootWindow.restype = ctypes.c_ulong
        self.x.XKeysymToKeycode.restype = ctypes.c_ubyte
        self.d = ctypes.c_void_p(self.x.XOpenDisplay(None))
        if not self.d:
            raise OSError("no X server")
        self.root = ctypes.c_ulong(self.x.XDefaultRootWindow(self.d))
        end = time.monotonic() + seconds
        while not (found := self.find(title)):
            if time.monotonic() > end:
                raise TimeoutError("no window is called " + title)
            time.sleep(0.1)
        self.w = ctypes.c_ulong(found)
        if types:
            self.focus()
        self.x.XSync(self.d, 0)

    def focus(self):
        """There is no window manager to do it."""
        self.x.XSetInputFocus(self.d, self.w, 1, 0)
        self.x.XSync(self.d, 0)

    def find(self, title):
        root, parent, children, n = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.POINTER(ctypes.c_ulong)(), ctypes.c_uint()
        if not self.x.XQueryTree(self.d, self.root, ctypes.byref(root), ctypes.byref(parent), ctypes.byref(children),
                                 ctypes.byref(n)):
            return 0
        for i in range(n.value):
            name = ctypes.c_char_p()
            if self.x.XFetchName(self.d, ctypes.c_ulong(children[i]), ctypes.byref(name)) and name.value == title.encode():
                a = Attributes()
                self.x.XGetWindowAttributes(self.d, ctypes.c_ulong(children[i]), ctypes.byref(a))
                if a.width > 1:
                    return children[i]
        return 0

    def pause(self, seconds):
        """Lets the program draw: its menus look at the pointer and at keys once a frame."""
        seen, end = self.count(), time.monotonic() + 600
        time.sleep(seconds)
        while self.results and self.count() < seen + 20 * seconds:
            if time.monotonic() > end:
                raise TimeoutError("no results come")
            time.sleep(0.05)

    def count(self):
        try:
            with open(self.results or os.devnull, "rb") as f:
                return f.read().count(b"\n")
        except FileNotFoundError:
            return 0

    def at(self):
        a = Attributes()
        self.x.XGetWindowAttributes(self.d, self.w, ctypes.byref(a))
        return a.x, a.y, a.width, a.height

    def move(self, x, y):
        self.x.XMoveWindow(self.d, self.w, x, y)
        self.x.XSync(self.d, 0)
        self.pause(0.5)

    def pixels(self):
        """Width, height and the window's pixels, four bytes each; what lies over it would be in it."""
        _, _, w, h = self.at()
        self.x.XGetImage.restype = ctypes.c_void_p
        image = self.x.XGetImage(self.d, self.w, 0, 0, w, h, ctypes.c_ulong(0xFFFFFFFF), 2)
        data = ctypes.cast(image + 16, ctypes.POINTER(ctypes.c_void_p))[0]  # XImage: width, height, offset, format
        return w, h, ctypes.string_at(data, 4 * w * h)

    def point(self, x, y, pause=0.6):
        """In the window's pixels."""
        ox, oy, _, _ = self.at()
        self.t.XTestFakeMotionEvent(self.d, -1, ox + x, oy + y, ctypes.c_ulong(0))
        self.x.XSync(self.d, 0)
        self.pause(pause)

    def click(self, x, y, pause=0.6):
        self.point(x, y, pause)
        for down in (1, 0):
            self.t.XTestFakeButtonEvent(self.d, 1, down, ctypes.c_ulong(0))
            self.x.XSync(self.d, 0)
            self.pause(pause / 2)
        self.pause(pause)

    def press(self, key, pause=0):
        """The pause holds the key: menus look at Return and the like once a frame. A letter held so long repeats."""
        code = self.x.XKeysymToKeycode(self.d, ctypes.c_ulong(KEYS.get(key, ord(key[0]))))
        shift = self.x.XKeysymToKeycode(self.d, ctypes.c_ulong(0xFFE1)) if len(key) == 1 and key.isupper() else 0
        if shift:
            self.t.XTestFakeKeyEvent(self.d, shift, 1, ctypes.c_ulong(0))
        for down in (1, 0):
            self.t.XTestFakeKeyEvent(self.d, code, down, ctypes.c_ulong(0))
            self.x.XSync(self.d, 0)
            if pause:
                self.pause(pause)
        if shift:
            self.t.XTestFakeKeyEvent(self.d, shift, 0, ctypes.c_ulong(0))
            self.x.XSync(self.d, 0)

    def resize(self, width, height):
        self.x.XResizeWindow(self.d, self.w, width, height)
        self.x.XSync(self.d, 0)
