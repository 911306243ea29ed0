# SPDX-License-Identifier: GPL-2.0-only
# For people; what the kernel's build system reads is Kbuild.

KERNEL_BUILD_DIR ?= /lib/modules/$(shell uname -r)/build
CFLAGS ?= -O2 -g -Wall -Wextra -Werror

.PHONY: module load unload sign tool install-tool install-source dkms-install dkms-remove deb rpm \
	demo session unit litmus lint check check-all check-long check-debug check-install bench soak guest clean \
	distclean help

module: #? the module for the running kernel
	@[ -e $(KERNEL_BUILD_DIR)/Makefile ] || { echo "no headers of the running kernel in \
	$(KERNEL_BUILD_DIR); on Debian: apt-get install linux-headers-$$(uname -r)"; exit 1; }
	$(MAKE) -C $(KERNEL_BUILD_DIR) M=$(if $(MO),$(MO_TREE),$(CURDIR)) modules $(MO_REVISION)

# make MO=DIRECTORY: leave everything in that directory, as for a source that cannot be written to. Links
# to the source serve every kernel; kbuild's own MO= came with 6.13.
ifneq ($(MO),)
MO_TREE := $(abspath $(MO))
MO_REVISION := DIOLATE_REVISION="$(shell cat REVISION 2>/dev/null || \
	git -c safe.directory=$(CURDIR) describe --always --dirty 2>/dev/null || echo unknown)"
module: links
links:
	mkdir -p $(MO_TREE)
	cp -rsf $(CURDIR)/Kbuild $(CURDIR)/src $(MO_TREE)/
endif

load: module #? insmod the module into the running kernel
	insmod diolate.ko

unload: #? rmmod it
	rmmod diolate

# For Secure Boot, see doc/install.md: make sign KEY=private-key CERT=certificate
sign:
	@packaging/sign "$(KERNEL_BUILD_DIR)" "$(KEY)" "$(CERT)"

# The command for people.
tool: build/diolate #? the command diolate, into build/

VERSION := $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' src/main.c)
TOOL_FILES := $(sort $(shell find tools -name "[!.]*.[ch]"))
JSON_C = $(shell pkg-config --cflags --libs json-c)

build/diolate: $(TOOL_FILES) src/main.c
	@mkdir -p $(@D)
	@pkg-config --exists json-c || { echo "json-c is missing; on Debian: apt-get install \
	libjson-c-dev pkg-config"; exit 1; }
	$(CC) $(CPPFLAGS) $(CFLAGS) -pthread -Itools -DDIOLATE_VERSION='"$(VERSION)"' $(LDFLAGS) -o $@ \
		$(filter %.c,$(TOOL_FILES)) $(JSON_C)

# The same for test/unit/command: $DIOLATE_TEST_ROOT before each path of the system, and sanitized.
build/unit/diolate: CFLAGS += -O1 -fsanitize=address,undefined -DDIOLATE_TEST
build/unit/diolate: $(TOOL_FILES) src/main.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -pthread -Itools -DDIOLATE_VERSION='"$(VERSION)"' -o $@ $(filter %.c,$(TOOL_FILES)) $(JSON_C)

# Where a distribution has them.
UNIT_DIR ?= /usr/lib/systemd/system
PLUGIN_DIR ?= /usr/lib/nagios/plugins
ZSH_DIR ?= /usr/share/zsh/site-functions

# What the two packages hold, below DESTDIR. The units are off as installed.
install-tool: tool
	install -D -m 755 build/diolate $(DESTDIR)/usr/sbin/diolate
	install -D -m 644 tools/diolate.8 $(DESTDIR)/usr/share/man/man8/diolate.8
	install -D -m 644 tools/diolate.4 $(DESTDIR)/usr/share/man/man4/diolate.4
	install -D -m 644 tools/diolate.bash $(DESTDIR)/usr/share/bash-completion/completions/diolate
	install -D -m 644 tools/_diolate $(DESTDIR)$(ZSH_DIR)/_diolate
	install -D -m 755 tools/nagios/check_diolate $(DESTDIR)$(PLUGIN_DIR)/check_diolate
	install -D -m 644 -t $(DESTDIR)$(UNIT_DIR) packaging/systemd/diolate-*
	install -D -m 644 packaging/modprobe.d/diolate.conf $(DESTDIR)/etc/modprobe.d/diolate.conf
	install -D -m 644 packaging/modules-load.d/diolate.conf $(DESTDIR)/etc/modules-load.d/diolate.conf

DKMS_SOURCE := /usr/src/diolate-$(VERSION)

install-source:
	for file in Kbuild dkms.conf $(wildcard REVISION) $(shell find src -type f ! -name '.*' ! -name '*.o'); do \
		install -D -m 644 $$file $(DESTDIR)$(DKMS_SOURCE)/$$file || exit; done

# DKMS by itself, without a package.
dkms-install: #? install by DKMS, without a package
	@packaging/dkms install

dkms-remove: #? take that back
	@packaging/dkms remove

deb: #? the Debian packages, into build/deb
	@packaging/deb

rpm: #? the RPM packages, into build/rpm
	@packaging/rpm

demo: #? 2 min: the loss, and what diolate does about it, on a stock kernel in QEMU
	@test/demo

# The session with the command in doc/saw-the-message.md and doc/monitoring.md.
session: #? 2 min: what the command says of it
	@test/demo session

# The tests, in rings: test/README.md. What `make help` says of them are minutes of two processors.
unit: #? 1/4 min: the unit tests
	@test/unit/run

litmus: #? 1/2 min: the tables without a lock, against the kernel's own model of memory
	@test/litmus/run

lint: #? 1 min: what can be said of the source without running it
	@test/lint

check: #? 40 min, the first time some more: all three, races, and the cases that matter on the stock kernels
	@test/check

check-all: #? some hours: every case on every kernel
	@test/check --all

check-long: #? some hours: every case, and storms, searches for false errors and a database in their whole size
	@LONG=1 test/check --all

check-debug: #? hours: the cases on kernels with KASAN, lockdep, kmemleak or KCSAN, which are built first
	@DEBUG=1 test/check

check-install: #? 20 min: the packages on a fresh Debian 12 and 13, and with Secure Boot
	@test/install/check

# What diolate costs, into doc/.
bench: #? hours: what it costs, measured
	@test/bench/all

# MINUTES, KERNEL and SEED, if set, say how long, on which kernel, and with which choices by chance.
soak: #? 2 hours: beside all that can happen to it, memory measured before and after
	@test/soak $(or $(MINUTES),120) $(or $(KERNEL),7.3) $(SEED)

# The programs that run inside the virtual machines; static, since there is nothing there.
# What counts instructions, or makes one, knows those of x86-64.
guest: build/guest/collide build/guest/storm build/guest/model build/guest/dirty build/guest/place build/guest/reread \
	build/guest/falsify build/guest/held build/guest/soaking build/guest/starve build/guest/swallow build/guest/traced \
	build/guest/tracepoints build/diolate \
	$(if $(filter x86_64%,$(shell $(CC) -dumpmachine)),build/guest/rate build/guest/mark)

build/guest/collide: test/guest/collide.c test/guest/submit.c test/guest/withhold.c test/guest/guest.c
build/guest/storm: test/guest/storm.c test/guest/guest.c
build/guest/model: test/guest/model.c test/guest/guest.c
build/guest/dirty: test/guest/dirty.c test/guest/guest.c
build/guest/place: test/guest/place.c test/guest/guest.c
build/guest/reread: test/guest/reread.c
build/guest/traced: test/guest/traced.c test/guest/guest.c
build/guest/soaking: test/guest/soaking.c test/guest/guest.c
build/guest/tracepoints: test/guest/tracepoints.c
build/guest/falsify: test/guest/falsify.c
build/guest/held: test/guest/held.c test/guest/guest.c
build/guest/starve: test/guest/starve.c
build/guest/mark: test/guest/mark.c
build/guest/rate: test/guest/rate.c test/guest/rate_cache.c test/guest/rate_count.c test/guest/rate_engine.c \
	test/guest/guest.c test/guest/rate.h
# Into a program that is not static.
build/guest/swallow: test/guest/swallow.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -shared -fPIC -o $@ $< -ldl
build/guest/%: test/guest/guest.h test/guest/collide.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -static -o $@ $(filter %.c,$^) -laio -luring

help: #? this list
	@sed -nE 's/^([a-z-]+):.*#\? (.*)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name what; do \
		printf 'make %-14s %s\n' "$$name" "$$what"; done

clean:
	rm -rf build
	# The headers may be gone, as after an update of the kernel; then what they made stays.
	[ ! -e Module.symvers ] || [ ! -e $(KERNEL_BUILD_DIR)/Makefile ] || \
		$(MAKE) -C $(KERNEL_BUILD_DIR) M=$(CURDIR) clean

distclean: clean #? remove what was built, and the cache of kernels
	test/vm/clean
