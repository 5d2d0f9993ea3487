# The words that people and CI use. `make help` lists them.
LUA     ?= lua5.4
BUSTED  ?= $(shell command -v busted)
CARGO   ?= cargo
# Cargo optimises at link time only what is nothing but a module.
RUSTC   := $(CARGO) rustc --lib --crate-type cdylib
BUILD   := build
CDIR    := $(BUILD)/lua/5.4
MODULE  := $(CDIR)/ffi_core.so
FIXTURE := $(BUILD)/libfixture.so
ROOT    := $(CURDIR)
export LUA_PATH  := $(ROOT)/lua/?.lua;$(ROOT)/spec/?.lua;;
export LUA_CPATH := $(ROOT)/$(CDIR)/?.so;;
export CDATA_ROOT := $(ROOT)

PACKAGES := lua5.4 liblua5.4-dev luarocks lua-busted lua-check luajit zlib1g-dev libsqlite3-dev gcc g++ make pkg-config valgrind
# Not in every release: what wants it is pending without.
OPTIONAL := lua-ljsyscall
DEMOS    := $(sort $(wildcard examples/*.lua))
SPECS    := $(sort $(wildcard spec/*_spec.lua))

.PHONY: help setup build demo test check bench instructions order install headers fuzz valgrind asan spec-gc soak fuzz-scripts aarch64 portable releases clean cargo-test \
  spec oracle install-test order-check
help:
	@echo "make demo     set up, build, and drive real C libraries"
	@echo "make test     set up, build, and run every test"
	@echo "further:      setup build check bench install headers clean"
	@echo "at length:    fuzz fuzz-scripts valgrind asan spec-gc soak aarch64 portable releases"

# Installs Debian packages that are missing; nothing else leaves the checkout.
setup:
	@command -v $(CARGO) >/dev/null || { echo "Rust is needed: https://rustup.rs"; exit 1; }
	@need=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); have=$$($(CARGO) --version | cut -d' ' -f2); \
	[ "$$(printf '%s\n' $$need $$have | sort -V | head -1)" = $$need ] || { echo "Rust $$need or newer is needed, this is $$have: https://rustup.rs"; exit 1; }
	@missing=""; for p in $(PACKAGES); do dpkg -s $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then \
	  if command -v apt-get >/dev/null; then \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "installing:$$missing"; \
	    $$sudo apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -qy --no-install-recommends $$missing >/dev/null; \
	  elif command -v $(LUA) >/dev/null && command -v cc >/dev/null; then \
	    echo "no apt here; what is not installed otherwise may be missing:$$missing"; \
	  else \
	    echo "please install Lua 5.4 (with headers), luarocks, busted, luacheck, luajit, zlib, SQLite, a C compiler, pkg-config"; exit 1; \
	  fi; \
	fi
	@for p in $(OPTIONAL); do \
	  dpkg -s $$p >/dev/null 2>&1 || ! command -v apt-get >/dev/null || { \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    get() { DEBIAN_FRONTEND=noninteractive $$sudo apt-get "$$@" >/dev/null 2>&1; }; \
	    get install -qy --no-install-recommends $$p || { get update -q && get install -qy --no-install-recommends $$p; } || \
	      echo "not in this release: $$p"; }; \
	done

$(MODULE): $(shell find src -name '*.rs') Cargo.toml Cargo.lock build.rs src/first_use.ld
	$(RUSTC) --release
	@mkdir -p $(CDIR)
	@cp target/release/libffi_core.so $@.new && mv $@.new $@
	@touch $@

build: $(MODULE)

$(FIXTURE): spec/fixture/fixture.c
	@mkdir -p $(BUILD)
	cc -O1 -g -fPIC -shared -o $@ $< -lm -lpthread

demo: setup build
	@for d in $(DEMOS); do echo "== $$d"; $(LUA) $$d || exit 1; done

test: setup build cargo-test spec oracle install-test
	$(LUA) spec/status.lua --check
	$(LUA) spec/soak.lua 3
	$(LUA) fuzz/scripts/run.lua both 1 60 40

cargo-test:
	$(CARGO) test --release

# Debian's busted runs under whatever its first line says; the interpreter is named here.
spec: build $(FIXTURE)
	$(LUA) $(ROOT)/spec/run.lua $(SPECS)
	SPEC_BOUND=1 $(LUA) $(ROOT)/spec/run.lua $(filter-out spec/host_spec.lua,$(SPECS))

oracle: build
	$(LUA) spec/oracle/run.lua

install-test: build
	sh spec/install.sh

check: setup order-check
	$(CARGO) fmt --check
	$(CARGO) clippy --release --all-targets -- -D warnings
	luacheck --quiet lua spec examples benches bin fuzz/scripts

bench: setup build
	$(LUA) benches/compare.lua
	$(LUA) benches/parse.lua

# Counts instructions, which repeat where clocks do not; takes some ten minutes. ROWS is a Lua pattern.
instructions: setup build
	$(LUA) benches/instructions.lua '$(ROWS)'

# Writes anew which functions lie together in the module, those that a script needs at first.
order: setup
	$(LUA) benches/order.lua > src/first_use.ld.new && mv src/first_use.ld.new src/first_use.ld

# What is needed at first and lies elsewhere costs a page each: noticed by no test.
order-check: setup
	@mkdir -p $(BUILD) && $(LUA) benches/order.lua > $(BUILD)/first_use.ld
	@diff src/first_use.ld $(BUILD)/first_use.ld || { echo "src/first_use.ld is old, or this compiler's functions are others: make order"; exit 1; }

headers: setup build
	sh tests/headers/run.sh

# Each target for FUZZ_SECONDS, from the corpus on; what is found anew goes to build/fuzz, crashes to fuzz/artifacts.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= cdef type_name repr layout
fuzz: setup
	@command -v cargo-fuzz >/dev/null || $(CARGO) install --root $(BUILD)/tools cargo-fuzz
	@export PATH="$(ROOT)/$(BUILD)/tools/bin:$$PATH"; for t in $(FUZZ_TARGETS); do \
	  mkdir -p $(BUILD)/fuzz/$$t && \
	  RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$t $(BUILD)/fuzz/$$t fuzz/corpus/$$t -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=2048 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 || exit 1; \
	done

# What has symbols, for valgrind; what is instrumented, for AddressSanitizer. GCC's runtime serves Rust's code, too.
HOST_LIBS = $$(pkg-config --cflags --libs lua5.4) -lpthread
ASAN      := $(BUILD)/asan
EVERYTHING := spec/host/everything.lua

valgrind: setup build $(FIXTURE)
	$(RUSTC) --profile profiling
	@mkdir -p $(BUILD)/profiling && cp target/profiling/libffi_core.so $(BUILD)/profiling/ffi_core.so
	cc -O1 -g -o $(BUILD)/profiling/host spec/host/host.c $(HOST_LIBS)
	export LUA_CPATH="$(ROOT)/$(BUILD)/profiling/?.so;;"; \
	valgrind="valgrind --quiet --error-exitcode=9 --suppressions=spec/valgrind.supp"; \
	$$valgrind --leak-check=no $(LUA) spec/run.lua $(filter-out spec/memory_spec.lua spec/host_spec.lua,$(SPECS)) && \
	for mode in late nested "states $(EVERYTHING)" "threads $(EVERYTHING) 4" "memory $(EVERYTHING) 97"; do \
	  $$valgrind --leak-check=full --errors-for-leak-kinds=definite $(BUILD)/profiling/host $$mode || exit 1; \
	done

asan: setup
	RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Cforce-frame-pointers=yes" \
	  $(CARGO) build --profile profiling --lib --target-dir target/asan --target $$(rustc -vV | sed -n 's/^host: //p')
	@mkdir -p $(ASAN) && cp target/asan/*/profiling/libffi_core.so $(ASAN)/ffi_core.so
	cc -O1 -g -fPIC -shared -fsanitize=address -fno-omit-frame-pointer -o $(ASAN)/libfixture.so spec/fixture/fixture.c -lm -lpthread
	cc -O1 -g -fsanitize=address -fno-omit-frame-pointer -o $(ASAN)/host spec/host/host.c $(HOST_LIBS)
	export LUA_CPATH="$(ROOT)/$(ASAN)/?.so;;" CDATA_FIXTURE="$(ROOT)/$(ASAN)/libfixture.so" LSAN_OPTIONS=suppressions=spec/lsan.supp:print_suppressions=0; \
	for mode in late nested "foreign 4" "states $(EVERYTHING)" "threads $(EVERYTHING) 8" "memory $(EVERYTHING) 3"; do \
	  $(ASAN)/host $$mode || exit 1; \
	done; \
	export LD_PRELOAD="$$(cc -print-file-name=libasan.so)" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 HOST_FLAGS="-fsanitize=address -fno-omit-frame-pointer"; \
	$(LUA) spec/run.lua $(filter-out spec/include_spec.lua,$(SPECS))

# All specs with the collector at its worst (spec/collector.lua).
spec-gc: setup build $(FIXTURE)
	for how in incremental generational; do for spec in $(SPECS); do SPEC_GC=$$how $(LUA) spec/run.lua $$spec || exit 1; done; done

soak: setup build $(FIXTURE)
	$(LUA) spec/soak.lua $(or $(SECONDS),120)

# Random scripts, each in a child (fuzz/scripts/run.lua): make fuzz-scripts SEED=7 SECONDS=3600
SEED ?= $(shell date +%s)
fuzz-scripts: setup build $(FIXTURE)
	$(LUA) fuzz/scripts/run.lua both $(SEED) $(or $(SECONDS),60)

# On AArch64 Linux, under emulation: cargo's tests, the specs, the rows against LuaJIT. Only on an x86-64 Debian.
aarch64:
	sh tests/aarch64/setup.sh
	sh tests/aarch64/run.sh

# Without machine code of our own, as where there is no direct path, and with nothing of Lua but its API: the same tests.
portable: setup $(FIXTURE)
	$(CARGO) test --release --features portable --target-dir $(BUILD)/portable/target
	$(RUSTC) --release --features portable --target-dir $(BUILD)/portable/target
	@cp $(BUILD)/portable/target/release/libffi_core.so $(BUILD)/portable/ffi_core.so
	export CDATA_PORTABLE=1 LUA_CPATH="$(ROOT)/$(BUILD)/portable/?.so;;"; \
	$(LUA) spec/run.lua $(SPECS) && $(LUA) spec/oracle/run.lua

# The specs in each of Lua 5.4's releases: make releases RELEASES="0 8"
releases: setup build $(FIXTURE)
	sh tests/releases/run.sh

PREFIX ?= /usr/local
install: build
	install -d $(DESTDIR)$(PREFIX)/lib/lua/5.4 $(DESTDIR)$(PREFIX)/share/lua/5.4/ffi
	install -m 755 $(MODULE) $(DESTDIR)$(PREFIX)/lib/lua/5.4/ffi_core.so
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 bin/cdata-freeze $(DESTDIR)$(PREFIX)/bin/cdata-freeze
	install -m 644 lua/ffi.lua $(DESTDIR)$(PREFIX)/share/lua/5.4/ffi.lua
	install -m 644 $(wildcard lua/ffi/*.lua) $(DESTDIR)$(PREFIX)/share/lua/5.4/ffi/

clean:
	rm -rf $(BUILD)
	$(CARGO) clean
