# mien's build. `make help` lists what there is to make. CONF=release|debug|asan|tsan builds into build/CONF.

CONF ?= release
B := build/$(CONF)
CC ?= gcc
CXX ?= g++
VERSION := $(shell sed -n 's/^\#define MIEN_VERSION "\(.*\)"/\1/p' src/base/version.h)
SOVERSION := 0
PKG := sdl2 SDL2_ttf glew libpng libjpeg libavformat libavcodec libavutil libswscale libswresample libcjson libdeflate liblo libwebsockets

# MPI=1 needs Open MPI (libopenmpi-dev); MPI=0 builds without: no `mpirun -n N mien train`.
MPI ?= $(shell pkg-config --exists ompi-c 2>/dev/null && echo 1 || echo 0)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter \
        -Wpointer-arith -Wvla
MATH := -fno-math-errno -fno-trapping-math -fno-signed-zeros -fassociative-math
CPPFLAGS += -D_GNU_SOURCE -Isrc -DMIEN_PREFIX='"$(or $(PREFIX),/usr/local)"' -MMD -MP
CFLAGS_COMMON := -std=gnu11 -g $(WARN) $(MATH) -pthread
ifeq ($(CONF),release)
OPT := -O3
else ifeq ($(CONF),debug)
OPT := -Og
else ifeq ($(CONF),asan)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
else ifeq ($(CONF),tsan)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=thread
else
$(error CONF must be release, debug, asan or tsan, not "$(CONF)")
endif
ALL_CFLAGS = $(CFLAGS_COMMON) $(OPT) $(CFLAGS) $(shell pkg-config --cflags $(PKG) 2>/dev/null)
LIBS = $(shell pkg-config --libs $(PKG) 2>/dev/null) -l:libimgui.a -lstb -lfreetype -lstdc++ -lm -pthread
ifeq ($(MPI),1)
LIBS += $(shell pkg-config --libs ompi-c)
endif
LINK = $(CC) $(OPT) -pthread -Wl,--as-needed $(LDFLAGS)
ifneq ($(filter asan tsan,$(CONF)),)
LINK += -rdynamic
endif

SRC := $(filter-out src/learn/parallel_$(if $(filter 1,$(MPI)),none,mpi).c,$(sort $(wildcard src/*/*.c)))
CXX_SRC := $(sort $(wildcard src/*/*.cc))
# A program each, and the command that hands over to the others: src/app/commands.c.
MAIN := src/app/main.c src/app/main_live.c src/app/main_train.c
PROGRAMS := $(B)/mien $(B)/mien-live $(B)/mien-train
# libmien is made of these modules; they are position-independent and shared with the program.
LIB_MODULES := base image tensor nn face detect fit track engine lib
LIB_OBJ := $(patsubst src/%.c,$(B)/pic/%.o,$(sort $(foreach m,$(LIB_MODULES),$(wildcard src/$(m)/*.c))))
LIB_LIBS = $(shell pkg-config --libs libjpeg libpng libdeflate 2>/dev/null) -lm -pthread
OBJ := $(LIB_OBJ) $(patsubst src/%.c,$(B)/obj/%.o,\
    $(filter-out $(MAIN) $(LIB_OBJ:$(B)/pic/%.o=src/%.c),$(SRC))) $(patsubst src/%.cc,$(B)/obj/%.o,$(CXX_SRC))
UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
UNIT_BIN := $(UNIT:%=$(B)/tests/%)

.PHONY: all build run check check-unit check-e2e check-tree check-asan check-tsan check-timing check-camera bench-kernels mutants fuzz setup \
        help clean tests lib
all: build

help: ## list what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 22
	@echo '  CONF=release|debug|asan|tsan chooses the build (now $(CONF)); the program is build/CONF/mien'

setup: build/.packages ## install missing Debian packages (apt-get, with sudo when not root)
build/.packages: packages.txt
	@mkdir -p build
	@want=$$(grep -v '^\#' packages.txt); missing=; \
	for p in $$want; do \
	    dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "mien: installing$$missing"; \
	    if ! command -v apt-get >/dev/null; then \
	        echo "mien: this is not Debian (no apt-get): install the equivalents of:$$missing" >&2; exit 1; fi; \
	    if [ "$$(id -u)" = 0 ]; then as=; \
	    elif command -v sudo >/dev/null; then as=sudo; \
	    else echo "mien: packages are missing and there is no sudo. As root run: apt-get install$$missing" >&2; exit 1; fi; \
	    $$as env DEBIAN_FRONTEND=noninteractive apt-get update -qq && \
	    $$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >build/apt.log 2>&1 || \
	    { tail -n 20 build/apt.log >&2; echo "mien: installing packages failed (log: build/apt.log). By hand: apt-get install$$missing" >&2; exit 1; }; \
	fi
	@touch $@

# One after another also under make -j: each runs a make of its own on the same objects.
build: setup ## build the program
	@$(MAKE) --no-print-directory $(PROGRAMS)

$(B)/.mpi-$(MPI):
	@mkdir -p $(B) && rm -f $(B)/.mpi-* && touch $@

$(B)/libmien-all.a: $(OBJ) $(B)/.mpi-$(MPI)
	@rm -f $@
	@$(AR) rcs $@ $(OBJ)

$(B)/mien: $(B)/obj/app/main.o
$(B)/mien-live: $(B)/obj/app/main_live.o
$(B)/mien-train: $(B)/obj/app/main_train.o
$(PROGRAMS): $(B)/libmien-all.a
	@echo "link $@"
	@$(LINK) -o $@ $(filter %.o,$^) $(B)/libmien-all.a $(LIBS)

# The names by which src/late loads libraries are those that a linker would have written down.
LATE := avformat avcodec avutil swscale swresample websockets lo
so = $(shell objdump -p $$($(CC) -print-file-name=lib$(1).so) | sed -n 's/^ *SONAME *//p')
$(B)/obj/late/%.o: ARCH = $(foreach l,$(LATE),-DMIEN_SO_$(l)='"$(call so,$(l))"')
%/parallel_mpi.o: ARCH = $(shell pkg-config --cflags ompi-c)
%_avx2.o: ARCH := -mavx2 -mfma -mf16c
%_bf16.o: ARCH := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mavx512bf16
%_avx512.o: ARCH := -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c
$(B)/obj/%.o: src/%.c | build/.packages
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ARCH) -c -o $@ $<
$(B)/pic/%.o: src/%.c | build/.packages
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -fPIC -fno-semantic-interposition $(ARCH) -c -o $@ $<

# What libmien exports is what its header declares with MIEN_API; every other name stays inside.
$(B)/lib/exports: src/lib/mien.h
	@mkdir -p $(@D)
	@sed -n 's/^MIEN_API .*[ *]\(mien_[a-z_0-9]*\)(.*/\1/p' $< >$@
$(B)/lib/libmien.so.$(SOVERSION): $(LIB_OBJ) $(B)/lib/exports
	@echo "link $@"
	@{ echo 'MIEN_0 { global:'; sed 's/$$/;/' $(B)/lib/exports; echo 'local: *; };'; } >$(B)/lib/libmien.map
	@$(LINK) -shared -Wl,-soname,libmien.so.$(SOVERSION) -Wl,--version-script=$(B)/lib/libmien.map \
	    -o $@ $(LIB_OBJ) $(LIB_LIBS)
	@ln -sf libmien.so.$(SOVERSION) $(B)/lib/libmien.so
$(B)/lib/libmien.a: $(LIB_OBJ) $(B)/lib/exports
	@echo "ar $@"
	@ld -r -o $(B)/lib/mien-all.o $(LIB_OBJ)
	@objcopy --keep-global-symbols=$(B)/lib/exports $(B)/lib/mien-all.o $(B)/lib/mien.o
	@rm -f $@ $(B)/lib/mien-all.o
	@$(AR) rcs $@ $(B)/lib/mien.o

lib: build ## build libmien, static and shared
	@$(MAKE) --no-print-directory $(B)/lib/libmien.so.$(SOVERSION) $(B)/lib/libmien.a

$(B)/obj/%.o: src/%.cc build/.packages
	@mkdir -p $(@D)
	@echo "c++ $<"
	@$(CXX) $(CPPFLAGS) -std=c++17 -g -Wall -Wextra -Wno-unused-parameter -fno-exceptions -pthread $(OPT) $(CXXFLAGS) \
	    $(shell pkg-config --cflags sdl2 imgui 2>/dev/null) -c -o $@ $<

# The harness of the kernels: its rows, and what the compiler vectorises once more for plain x86-64 alone, its functions
# called plain_…: the reference (tests/kernels).
KERNEL_ROWS := $(patsubst tests/kernels/%.c,$(B)/kernels/%.o,$(sort $(wildcard tests/kernels/*.c)))
PLAIN_SRC := $(addprefix src/,image/image.c image/convert.c image/planes.c image/warp.c detect/letterbox.c \
    source/tone.c fit/points.c fit/solve.c face/model.c engine/follow.c learn/augment.c)
$(B)/kernels/rows_%.o: tests/kernels/rows_%.c
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Itests -c -o $@ $<
$(B)/kernels/src/%.o: src/%.c | build/.packages
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -DMIEN_PLAIN -c -o $@ $<
$(B)/kernels/plain.o: $(PLAIN_SRC:src/%.c=$(B)/kernels/src/%.o)
	@echo "ld $@"
	@ld -r -o $@ $^
	@nm -g --defined-only $@ | sed -n 's/.* [TDRB] \(mien_.*\)/\1 plain_\1/p' >$(@D)/names
	@objcopy --redefine-syms=$(@D)/names $@
$(B)/tests/test_kernels: $(KERNEL_ROWS) $(B)/kernels/plain.o

bench-kernels: $(B)/tests/test_kernels ## time every kernel against plain C (WORD= chooses by name)
	@$(B)/tests/test_kernels --time $(WORD)

# A test that replaces system calls names them: `// LINK: -Wl,--wrap=ioctl` in its first lines.
$(B)/tests/%: tests/unit/%.c $(B)/libmien-all.a
	@mkdir -p $(@D)
	@echo "cc $<"
	@$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -Wno-missing-prototypes -Itests -MF $@.d -o $@ $< $(filter %.o,$^) \
	    $$(sed -n 's|^// LINK: ||p' $<) $(OPT) -pthread -Wl,--as-needed $(B)/libmien-all.a $(LIBS) -lcmocka

tests: lib ## build the unit tests
	@$(MAKE) --no-print-directory $(UNIT_BIN)

run: build ## show the main job: camera if there is one, else the bundled clip
	@tests/run_demo.sh $(B)/mien

check: build lib tests ## run all tests; the last line says "N passed, N failed"
	@tests/run.sh $(B) tree unit e2e

check-unit: tests ## unit tests only
	@tests/run.sh $(B) unit

check-tree: ## format, opening comments, functions without callers, include direction, headers alone
	@tests/run.sh $(B) tree

check-e2e: build lib ## end-to-end tests only
	@tests/run.sh $(B) e2e

check-timing: build ## what depends on how busy the machine is: latency does not drift
	@MIEN=$(CURDIR)/$(B)/mien MIEN_TIMING=1 tests/e2e/live_long.sh

check-camera: build ## the camera code against real kernel drivers, in QEMU (downloads a kernel once)
	@tests/camera/run.sh $(B)

mutants: build lib ## put small faults into a copy of the sources: a test must notice each (ten minutes)
	@CONF=$(CONF) tests/mutants.sh

FUZZ_SECONDS ?= 60
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
ifneq ($(shell command -v clang),)
FUZZ_CC := clang -fsanitize=fuzzer
else
FUZZ_CC := $(CC) -DALONE
endif
# The sources that an entry names are instrumented, the others come from the release build. An entry
# that says ALONE is of sources that not every clang compiles.
build/fuzz/%: tests/fuzz/fuzz_%.c tests/fuzz/driver.c tests/fuzz/fuzz.h build/release/libmien-all.a
	@mkdir -p $(@D)
	@echo "cc $<"
	@$$(grep -q '^// ALONE' $< && echo '$(CC) -DALONE' || echo '$(FUZZ_CC)') -D_GNU_SOURCE -Isrc -Itests -DMIEN_PREFIX='"/usr/local"' -DFUZZ=fuzz_$* -std=gnu11 -O1 -g \
	    -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    $(shell pkg-config --cflags $(PKG) 2>/dev/null) -o $@ tests/fuzz/driver.c $< \
	    $$(sed -n 's|^// SRC: ||p' $<) -pthread -Wl,--as-needed build/release/libmien-all.a $(LIBS)

fuzz: ## fuzz the readers of outside bytes (FUZZ_SECONDS=60 each, FUZZ="gltf hdr" chooses)
	@$(MAKE) --no-print-directory CONF=release build
	@$(MAKE) --no-print-directory CONF=release $(FUZZ:%=build/fuzz/%)
	@tests/fuzz/run.sh $(FUZZ_SECONDS) build/fuzz $(FUZZ)

check-asan: ## unit and end-to-end tests under ASan and UBSan
	@$(MAKE) --no-print-directory CONF=asan build lib tests
	@tests/run.sh build/asan unit e2e

check-tsan: ## unit and end-to-end tests under TSan
	@$(MAKE) --no-print-directory CONF=tsan build lib tests
	@tests/run.sh build/tsan unit e2e

include install.mk

clean: ## remove what was built
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
