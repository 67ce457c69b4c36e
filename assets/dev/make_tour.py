#!/usr/bin/env python3
"""Makes the pictures of assets/doc/tour.md: what a user meets, in four sizes of the window, on the bundled clip's rendered face.

    assets/dev/make_tour.py build/release/mien [OUT]     OUT: assets/doc/tour without

A page for each scene, all sizes on it, as JPEG. The report is drawn by chromium, where that is installed; else its page is left as
it is. Look at each: nothing may be cut, overlap the face or be unreadable.
"""
import os, shutil, subprocess, sys, tempfile
from PIL import Image, ImageGrab

SIZES = ["640x480", "1280x720", "1920x1080", "400x900"]
CLIP, PERSON = "demo.mp4", "synth:seed=3,gestures"  # the clip is copied to the current folder: its name is in the pictures
SCENES = {  # name: source, frames, options of the live program
    "start": (CLIP, 20, []),
    "keys": (CLIP, 20, ["--menu", "help"]),
    "view": (CLIP, 20, ["--menu", "view"]),
    "props": (CLIP, 20, ["--menu", "props", "--prop", "sunglasses,party"]),
    "settings": (CLIP, 20, ["--menu", "settings"]),
    "calibration": (PERSON, 560, ["--menu", "calibration"]),  # some gestures were seen
    "lab": (CLIP, 20, ["--preset", "lab"]),
    "stream": (CLIP, 20, ["--preset", "stream", "--prop", "glasses"]),
    "booth": (CLIP, 20, ["--preset", "booth"]),
}
GAP, HIGH = 12, 360  # of a page: between pictures; each is scaled to this height


def page(pictures, path):
    small = [p.resize((max(1, p.width * HIGH // p.height), HIGH), Image.LANCZOS) for p in pictures]
    out = Image.new("RGB", (sum(p.width + GAP for p in small) + GAP, HIGH + 2 * GAP), (24, 26, 30))
    x = GAP
    for p in small:
        out.paste(p, (x, GAP))
        x += p.width + GAP
    out.save(path, quality=82, optimize=True)


def report(mien, clip, tmp, path):
    browser = shutil.which("chromium")
    if not browser:
        print("no chromium: the report's page stays as it is")
        return
    with open(tmp + "/marks", "w") as f:
        f.write("1 stimulus A\n5 stimulus B\n9 rest\n")
    subprocess.run([mien, "video", clip, "--marks", tmp + "/marks", "--report", tmp + "/r.html", "--md5", "/dev/null"], check=True)
    pictures = []
    for size in SIZES:
        shot = "%s/report-%s.png" % (tmp, size)
        subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=" +
                        size.replace("x", ","), "--screenshot=" + shot, "--virtual-time-budget=4000", "file://" + tmp + "/r.html"],
                       check=True, stderr=subprocess.DEVNULL)
        pictures.append(Image.open(shot).convert("RGB"))
    page(pictures, path)


def presentation(mien, size, shot):
    """A window on a display of its own, F5 pressed; what it shows is taken from the display."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tests"))
    from x11_user import User
    server = subprocess.Popen(["Xvfb", "-displayfd", "1", "-screen", "0", size + "x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = ":" + server.stdout.readline().decode().strip()
    program = None
    if os.path.exists("results"):
        os.unlink("results")
    try:
        program = subprocess.Popen([mien, "live", CLIP, "--no-config", "--size", size, "--hud", "full", "--axes", "--prop", "glasses,hat",
                                    "--out", "jsonl:results"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        user = User("mien", results="results")
        user.pause(4)  # the menus are gone again
        before = ImageGrab.grab(xdisplay=os.environ["DISPLAY"])
        user.press("f5")
        user.pause(1)
        after = ImageGrab.grab(xdisplay=os.environ["DISPLAY"])
    finally:
        if program:
            program.kill()
            program.wait()
        server.terminate()
        server.wait()
    before.convert("RGB").save(shot % "before")
    after.convert("RGB").save(shot % "after")


def main():
    mien, home = os.path.abspath(sys.argv[1]), os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
    out = sys.argv[2] if len(sys.argv) > 2 else home + "/assets/doc/tour"
    clip = CLIP
    out = os.path.abspath(out)
    os.makedirs(out, exist_ok=True)
    os.environ["MIEN_HOME"] = home
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(home + "/assets/demo.mp4", tmp)
        os.chdir(tmp)
        for name, (source, frames, options) in SCENES.items():
            pictures = []
            for size in SIZES:
                shot = "%s/%s-%s.png" % (tmp, name, size)
                subprocess.run([mien, "live", source, "--headless", "--no-config", "--no-pace", "--frames", str(frames), "--size", size,
                                "--screenshot", shot] + options, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                pictures.append(Image.open(shot).convert("RGB"))
            page(pictures, "%s/%s.jpg" % (out, name))
        if shutil.which("Xvfb"):
            for size in SIZES:
                presentation(mien, size, tmp + "/present-%s-" + size + ".png")
            shots = ["before-" + SIZES[0]] + ["after-" + size for size in SIZES]
            page([Image.open("%s/present-%s.png" % (tmp, shot)) for shot in shots], out + "/presentation.jpg")
        else:
            print("no Xvfb: the presentation's page stays as it is")
        report(mien, clip, tmp, out + "/report.jpg")


if __name__ == "__main__":
    main()
