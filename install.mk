# make install, uninstall and deb. PREFIX is where the program will live, DESTDIR a folder put before
# it (for packages); LIBDIR can name another library folder.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
BIN_TO = $(DESTDIR)$(PREFIX)/bin
LIB_TO = $(DESTDIR)$(LIBDIR)
SHARE = $(DESTDIR)$(PREFIX)/share
SO := libmien.so.$(SOVERSION)
# What of assets/ is for other places than share/mien/assets.
NOT_ASSETS := mien.1 completion examples mien.desktop mien.png doc dev
DEB := build/mien_$(VERSION)_amd64.deb

.PHONY: install uninstall deb
install: build lib ## install program, library, models, man page, … below PREFIX (/usr/local); DESTDIR= for packages
	@install -d $(BIN_TO) $(LIB_TO)/pkgconfig $(DESTDIR)$(PREFIX)/include $(SHARE)/mien/models \
	    $(SHARE)/mien/shaders $(SHARE)/mien/assets $(SHARE)/man/man1 $(SHARE)/doc/mien/examples \
	    $(SHARE)/bash-completion/completions $(SHARE)/fish/vendor_completions.d \
	    $(SHARE)/applications $(SHARE)/icons/hicolor/256x256/apps
	@install $(if $(filter release,$(CONF)),-s) $(PROGRAMS) $(BIN_TO)/
	@install -m 644 $(if $(filter release,$(CONF)),-s) $(B)/lib/$(SO) $(LIB_TO)/libmien.so.$(VERSION)
	@ln -sf libmien.so.$(VERSION) $(LIB_TO)/$(SO)
	@ln -sf $(SO) $(LIB_TO)/libmien.so
	@install -m 644 $(B)/lib/libmien.a $(LIB_TO)/libmien.a
	@install -m 644 src/lib/mien.h $(DESTDIR)$(PREFIX)/include/mien.h
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@VERSION@|$(VERSION)|' \
	    src/lib/mien.pc.in >$(LIB_TO)/pkgconfig/mien.pc
	@install -m 644 models/* $(SHARE)/mien/models/
	@install -m 644 shaders/* $(SHARE)/mien/shaders/
	@tar -C assets $(NOT_ASSETS:%=--exclude=./%) -cf - . | \
	    tar -C $(SHARE)/mien/assets --no-same-owner -xf -
	@chmod -R u=rwX,go=rX $(SHARE)/mien
	@gzip -9nc assets/mien.1 >$(SHARE)/man/man1/mien.1.gz
	@install -m 644 assets/completion/mien.bash $(SHARE)/bash-completion/completions/mien
	@install -m 644 assets/completion/mien.fish $(SHARE)/fish/vendor_completions.d/mien.fish
	@install -m 644 assets/mien.desktop $(SHARE)/applications/mien.desktop
	@install -m 644 assets/mien.png $(SHARE)/icons/hicolor/256x256/apps/mien.png
	@install -m 644 README.md NOTICE $(SHARE)/doc/mien/
	@install -m 644 LICENSE $(SHARE)/doc/mien/copyright
	@install -m 644 assets/examples/* $(SHARE)/doc/mien/examples/
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig
	@echo "installed below $(DESTDIR)$(PREFIX)"

uninstall: ## remove what `make install` with the same PREFIX, LIBDIR and DESTDIR put there
	@rm -f $(PROGRAMS:$(B)/%=$(BIN_TO)/%) $(LIB_TO)/libmien.so.$(VERSION) $(LIB_TO)/$(SO) $(LIB_TO)/libmien.so \
	    $(LIB_TO)/libmien.a $(LIB_TO)/pkgconfig/mien.pc $(DESTDIR)$(PREFIX)/include/mien.h \
	    $(SHARE)/man/man1/mien.1.gz $(SHARE)/bash-completion/completions/mien \
	    $(SHARE)/fish/vendor_completions.d/mien.fish $(SHARE)/applications/mien.desktop \
	    $(SHARE)/icons/hicolor/256x256/apps/mien.png
	@rm -rf $(SHARE)/mien $(SHARE)/doc/mien
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig
	@echo "removed from $(DESTDIR)$(PREFIX)"

# The libraries that the programs and libmien use are found by dpkg-shlibdeps; so are those that are
# loaded when they are needed (src/late), through a library of the packager's that is linked with
# them. Fonts and drivers are not linked and are named here, and so is OpenBLAS, which is loaded when
# training asks for it.
deb: build lib ## build a Debian package, build/mien_VERSION_amd64.deb
	@rm -rf build/deb && mkdir -p build/deb/root/DEBIAN build/deb/debian
	@$(MAKE) --no-print-directory install DESTDIR=$(CURDIR)/build/deb/root PREFIX=/usr
	@printf 'Source: mien\n\nPackage: mien\nArchitecture: amd64\n' >build/deb/debian/control
	@$(CC) -shared -o build/deb/late.so -x c /dev/null -Wl,--no-as-needed $(LATE:%=-l%)
	@cd build/deb && dpkg-shlibdeps -O $(PROGRAMS:$(B)/%=root/usr/bin/%) root/usr/lib/$(SO) late.so >depends 2>shlibdeps.log || \
	    { cat shlibdeps.log >&2; exit 1; }
	@printf '%s\n' 'Package: mien' 'Version: $(VERSION)' 'Architecture: amd64' 'Section: video' \
	    'Priority: optional' 'Maintainer: the mien authors <mien@localhost>' \
	    "Installed-Size: $$(du -sk build/deb/root/usr | cut -f1)" \
	    "Depends: $$(sed 's/^shlibs:Depends=//' build/deb/depends), libopenblas0, fonts-dejavu-core, libgl1-mesa-dri, libegl1" \
	    'Description: live 3D face sensor from an ordinary camera' \
	    ' Finds faces in a camera'"'"'s frames, pictures or videos and fits a 3D face to each: head' \
	    ' pose, shape, blendshapes, expression and gaze. With the library libmien, its header,' \
	    ' and examples in C and Python.' >build/deb/root/DEBIAN/control
	@echo 'activate-noawait ldconfig' >build/deb/root/DEBIAN/triggers
	@cd build/deb/root && find usr -type f -exec md5sum {} + >DEBIAN/md5sums
	@dpkg-deb --root-owner-group -Zxz --build build/deb/root $(DEB) >build/deb/log || { cat build/deb/log; exit 1; }
	@echo "built $(DEB): install it with  apt install ./$(DEB)"
