#!/usr/bin/env bash
# The camera code against real kernel drivers, without a camera: boots Debian's kernel in QEMU (software
# emulation, the host's tree as a read-only root) with vivid, and with a UVC webcam that uvc.c emulates.
#   tests/camera/run.sh BUILD [GROUP…]   e.g. build/release; `make check-camera` runs all groups of
#                                        guest.sh: vivid, uvc, controls, virtual, program
# Needs Debian packages, installed on demand: see below. The kernel (71 MB) is kept in $MIEN_CACHE
# (default build/camera). Exit status 77: not possible here, the last line says why.
set -eu
cd "$(dirname "$0")/../.."
build=$1
shift
here=tests/camera
cache=${MIEN_CACHE:-build/camera}
work=$PWD/$build/camera
mkdir -p "$cache" "$work"

need="qemu-system-x86 busybox-static kmod cpio xz-utils"
missing=
for p in $need; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
if [ -n "$missing" ]; then
    as=
    [ "$(id -u)" = 0 ] || as=sudo
    echo "camera tests: installing$missing"
    if ! command -v apt-get >/dev/null || ! $as env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >"$work/apt.log" 2>&1; then
        echo "skipped: the packages$missing cannot be installed"
        exit 77
    fi
fi

# --- the kernel, once
package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends:/ {print $2; exit}')
version=${package#linux-image-}
tree=$cache/$version
if [ ! -e "$tree/ready" ]; then
    if [ -z "$package" ] || ! (cd "$cache" && apt-get download -qq "$package" >/dev/null 2>"$work/apt.log"); then
        echo "skipped: Debian's kernel package cannot be downloaded"
        exit 77
    fi
    rm -rf "$tree"
    mkdir -p "$tree"
    dpkg-deb -x "$cache/$package"_*.deb "$tree"
    rm -f "$cache/$package"_*.deb
    # Unwrapping the compressed kernel here saves the emulator several seconds a boot.
    python3 - "$tree/boot/vmlinuz-$version" "$tree/kernel" <<'PY'
import lzma, struct, sys
image = open(sys.argv[1], "rb").read()
setup = (image[0x1F1] + 1) * 512  # boot protocol: setup_sects, payload_offset, payload_length
offset, length = struct.unpack_from("<II", image, 0x248)
body = image[setup + offset:setup + offset + length]
open(sys.argv[2], "wb").write(lzma.LZMADecompressor().decompress(body))
PY
    modules=$tree/small
    mkdir -p "$modules/bin" "$modules/modules" "$modules"/{dev,proc,sys,root}
    cp /bin/busybox "$modules/bin/"
    depmod -b "$tree" "$version"
    for m in virtio_pci 9pnet_virtio 9p vivid vhci_hcd uvcvideo; do
        modprobe -d "$tree" -S "$version" --show-depends "$m" | awk '$1 == "insmod" {print $2}'
    done | awk '!seen[$0]++' | while read -r file; do
        cp "$file" "$modules/modules/"
        basename "$file"
    done >"$modules/modules/order"
    strip --strip-debug "$modules"/modules/*.ko
    rm -rf "$tree/lib" "$tree/usr"
    touch "$tree/ready"
fi
cp "$here/init" "$tree/small/init"
chmod +x "$tree/small/init"
(cd "$tree/small" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/initrd.gz"

# --- what runs inside: the emulator knows AVX2, not AVX-512
cc=${CC:-gcc}
$cc -O2 -Wall -Wextra -D_GNU_SOURCE -o "$work/uvc" $here/uvc.c
$cc -O2 -Wall -Wextra -o "$work/control" $here/control.c
$cc -O2 -Wall -Wextra -D_GNU_SOURCE -Isrc -o "$work/capture" $here/capture.c "$build/libmien-all.a" \
    -Wl,--as-needed $(pkg-config --libs libjpeg libpng libavformat libavcodec libavutil libswscale) \
    -lz -ldeflate -lm -pthread
cp "$build/mien" "$work/mien"
cp "$here/guest.sh" "$work/"
printf 'home=%q\ngroups=%q\n' "$PWD" "$*" >"$work/options"
$cc -O2 -D_GNU_SOURCE -Isrc -o "$work/picture" $here/picture.c "$build/libmien-all.a" -Wl,--as-needed \
    $(pkg-config --libs libjpeg libpng) -lz -ldeflate -lm -pthread
"$work/picture" "$work/small.jpg" 640 480
"$work/picture" "$work/large.jpg" 1280 720

# --- run
rm -f "$work/status"
accel=tcg,thread=multi
[ -n "${MIEN_KVM:-}" ] && accel=kvm
timeout -k 5 "${MIEN_CAMERA_TIMEOUT:-1200}" qemu-system-x86_64 -accel $accel -machine q35 -cpu max -smp 2 -m 768 \
    -nodefaults -no-user-config -no-reboot -display none -serial stdio \
    -kernel "$tree/kernel" -initrd "$work/initrd.gz" \
    -append "console=ttyS0 quiet panic=-1 mitigations=off audit=0 random.trust_cpu=on tsc=reliable vivid.n_devs=1" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap \
    -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev local,id=work,path="$work",security_model=none,multidevs=remap \
    -device virtio-9p-pci,fsdev=work,mount_tag=work </dev/null | sed -u 's|\r$||' | tee "$work/log" || true
if [ ! -s "$work/status" ]; then
    echo "camera tests: the machine did not finish (log: $work/log)"
    exit 1
fi
[ "$(cat "$work/status")" = 0 ]
