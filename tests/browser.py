#!/usr/bin/env python3
"""Opens a page in a headless Chromium, waits until it has had frames, and prints its document.

    tests/browser.py CHROMIUM PROFILE URL [PICTURE.png]

Talks to the browser by its DevTools protocol (JSON over a WebSocket), with nothing but Python.
"""
import base64, json, os, socket, struct, subprocess, sys, time, urllib.request

browser, profile, url = sys.argv[1:4]
child = subprocess.Popen(
    [browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader",
     "--use-angle=swiftshader", "--no-first-run", "--disable-extensions", "--disable-dev-shm-usage",
     "--window-size=1200,760", "--remote-debugging-port=0", "--user-data-dir=" + profile, url],
    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def connect():
    until = time.time() + 600
    while time.time() < until:
        try:
            port = open(os.path.join(profile, "DevToolsActivePort")).readline().strip()
            pages = json.load(urllib.request.urlopen("http://127.0.0.1:%s/json" % port, timeout=60))
            path = next(p["webSocketDebuggerUrl"] for p in pages if p["type"] == "page" and p["url"] == url)
            s = socket.create_connection(("127.0.0.1", int(port)), 600)
            s.sendall(("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
                       % (path[path.index("/", 6):], port)).encode())
            f = s.makefile("rb")
            while f.readline() not in (b"\r\n", b""):
                pass
            return s, f
        except (OSError, StopIteration, ValueError):
            time.sleep(0.2)
    sys.exit("the browser cannot be reached")


def call(method, **params):
    call.id += 1
    text = json.dumps({"id": call.id, "method": method, "params": params}).encode()
    s.sendall(b"\x81" + bytes([0x80 | 126]) + struct.pack(">H", len(text)) + b"\0\0\0\0" + text)  # mask 0
    while True:
        message, last = b"", False
        while not last:
            a, n = f.read(2)
            last = a >> 7
            n = struct.unpack(">H", f.read(2))[0] if n == 126 else struct.unpack(">Q", f.read(8))[0] if n == 127 else n
            message += f.read(n)
        answer = json.loads(message)
        if answer.get("id") == call.id:
            return answer["result"]


call.id = 0
try:
    s, f = connect()
    until = time.time() + 600
    while time.time() < until:
        v = call("Runtime.evaluate", expression="+document.documentElement.dataset.frames")
        if v["result"].get("value", 0) >= 40:
            break
        time.sleep(0.2)
    if len(sys.argv) > 4:
        open(sys.argv[4], "wb").write(base64.b64decode(call("Page.captureScreenshot")["data"]))
    print(call("Runtime.evaluate", expression="document.documentElement.outerHTML")["result"]["value"])
finally:
    child.terminate()
    child.wait(600)
