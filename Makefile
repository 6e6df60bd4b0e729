# rcptcheck: `make demo` shows it, `make check` tests it, `make install` installs it; INSTALL says more.

CC	:= $(shell head -n 1 conf-cc)
STATIC_CC := $(shell sed -n 2p conf-cc)
HOME_DIR := $(shell head -n 1 conf-home)
B	:= build
CPPFLAGS := -Isrc -I$(B) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 -DCONF_HOME='"$(HOME_DIR)"'

PROGRAMS := rcpt/rcptcheck rcpt/rcptcache rcpt/rcptprobe door/rcptbuild door/rcptstatus door/rcptserve door/rcptwrap \
	   relay/relayd relay/relaymark relay/relaywrap relay/relayage relay/relaylog relay/proxyread \
	   door/routehttp route/routequery
STATIC	:= rcptcheck rcptserve rcptwrap relaymark relaywrap proxyread
STATIC_OWN := routehttp
LIBS	:= -lsqlite3 -lcdb -lidn2
TLS_LIBS := -lssl -lcrypto
MD5_LIBS := -lnettle
LOG_LIBS := -lpcre2-8
LINK_rcptprobe := -lsqlite3 -lcdb $(TLS_LIBS)
LINK_relaylog := $(LOG_LIBS)
LINK_routehttp := -lsqlite3 -lcdb -lm $(MD5_LIBS)

SOURCES	:= $(wildcard src/*/*.c)
MODULES	:= $(filter-out $(PROGRAMS:%=src/%.c) src/route/perdition.c,$(SOURCES))
PAGES	:= $(wildcard src/*/*.[578])
UNITS	:= $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
FUZZERS	:= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
BIN	:= $(addprefix $(B)/bin/,$(notdir $(PROGRAMS)))

# A library for Perdition, and what of us is in it, compiled once more as code that goes anywhere.
PERDITION := $(B)/lib/libperditiondb_rcptcheck.so.0
PERDITION_PARTS := route/perdition route/map route/route route/routesettings route/loginpattern route/entry \
	   route/live route/livefile route/sqlmap \
	   base/cdbfile base/cursor base/deadline base/line base/settings base/syslogger
LIB	:= $(B)/librcptcheck.a

.PHONY: all install demo check check-musl bench asan fuzz lint clean
.DELETE_ON_ERROR:
.SUFFIXES:

all: $(BIN) $(PERDITION)

$(B)/obj/%.o: src/%.c conf-cc conf-home Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(MODULES:src/%.c=$(B)/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(B)/pic/%.o: src/%.c conf-cc conf-home Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(PERDITION): $(PERDITION_PARTS:%=$(B)/pic/%.o)
	@mkdir -p $(@D)
	$(CC) -shared -Wl,-soname,$(@F) -Wl,-z,relro,-z,now -Wl,--no-undefined -o $@ $^ -lsqlite3 -lcdb

# The schema is data/schema.sql, in the program as a string.
$(B)/schema.h: data/schema.sql
	@mkdir -p $(@D)
	sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' data/schema.sql > $@.tmp
	mv $@.tmp $@

$(patsubst src/%.c,$(B)/obj/%.o,$(wildcard src/door/*.c)): | $(B)/schema.h

define program
$(B)/bin/$(notdir $(1)): $(B)/obj/$(1).o $(LIB)
	@mkdir -p $$(@D)
	$(CC) $(if $(filter $(STATIC_OWN),$(notdir $(1))),$$(STATIC_LINK)) -o $$@ $$< $(LIB) $(or $(LINK_$(notdir $(1))),$(LIBS))
endef
IS_STATIC = $(filter $(STATIC),$(notdir $(1)))
$(foreach p,$(PROGRAMS),$(if $(call IS_STATIC,$(p)),,$(eval $(call program,$(p)))))

# The static programs have a compiler of their own where conf-cc names one in its second line, and objects of
# their own then: of the modules that don't need what only the dynamic programs are linked with. musl-gcc links
# what tests/musl makes.
ifeq ($(STATIC_CC),)
STATIC_CC := $(CC)
S	:= $(B)
else
S	:= $(B)/static
$(S)/obj/%.o: src/%.c conf-cc conf-home Makefile
	@mkdir -p $(@D)
	$(STATIC_CC) $(MUSL_INCLUDE) $(CPPFLAGS) -MMD -MP -c -o $@ $<

STATIC_MODULES := $(shell grep -L -e '<openssl/' -e '<nettle/' -e '<pcre2' -e '"patternparts.h"' -e '<idn2' -e '<linux/' $(MODULES))
$(S)/librcptcheck.a: $(STATIC_MODULES:src/%.c=$(S)/obj/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(patsubst src/%.c,$(S)/obj/%.o,$(wildcard src/door/*.c)): | $(B)/schema.h
endif

ifneq ($(findstring musl-gcc,$(STATIC_CC)),)
MUSL_INCLUDE := -Ibuild/musl/include
MUSL_LIB := -Lbuild/musl/lib
build/musl/.made: tests/musl
	tests/musl

$(SOURCES:src/%.c=$(S)/obj/%.o): build/musl/.made
endif

# SQLite can load extensions, and the linker warns that this needs glibc at run time; we never do.
# One segment for code and constants means fewer maps and page faults at each start.
STATIC_LINK = -static -Wl,-z,noseparate-code -Wl,--no-warnings

define static_program
$(B)/bin/$(notdir $(1)): $(S)/obj/$(1).o $(S)/librcptcheck.a
	@mkdir -p $$(@D)
	$(STATIC_CC) $(STATIC_LINK) -o $$@ $$< $(S)/librcptcheck.a $(MUSL_LIB) -lsqlite3 -lcdb -lm
endef
$(foreach p,$(PROGRAMS),$(if $(call IS_STATIC,$(p)),$(eval $(call static_program,$(p)))))

-include $(wildcard $(B)/obj/*/*.d) $(wildcard $(B)/pic/*/*.d) $(wildcard $(S)/obj/*/*.d) $(wildcard $(B)/tests/*.d)

# The same with musl, beside the other: MUSL in place of B and the second line of conf-cc.
MUSL	:= B=build/musl STATIC_CC="musl-gcc $(wordlist 2,99,$(CC))"

$(B)/tests/tools/%: tests/tools/%.c conf-cc
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -o $@ $<

$(B)/tests/tools/relayload: tests/tools/relayload.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -o $@ $< $(LIB) $(LIBS)

# Tests. tests/need installs what a goal needs, tests/unpack has real servers at hand without installing
# them; everything they make is below build/.
SERVERS	:= postfix exim4-daemon-light opensmtpd qpsmtpd postfixadmin \
	   postfix-cdb postfix-sqlite dovecot-core dovecot-pop3d dovecot-imapd \
	   courier-base courier-authlib courier-authdaemon courier-pop courier-imap \
	   nginx libnginx-mod-mail perdition rsyslog stunnel4 haproxy

$(B)/tests/%: tests/unit/%.c tests/unit/tap.h $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests/unit -MMD -MP -o $@ $< $(LIB) $(LIBS) $(TLS_LIBS) $(MD5_LIBS) $(LOG_LIBS)

# With musl where it can be had.
demo:
	tests/need build demo
	if tests/musl; then $(MAKE) $(MUSL) all && BUILD=build/musl tests/demo; \
	else $(MAKE) all && tests/demo; fi

check:
	tests/need build demo check
	tests/unpack $(SERVERS)
	tests/haraka
	$(MAKE) all $(UNITS:%=$(B)/tests/%) $(B)/tests/tools/relayload
	prove --timer $(UNITS:%=$(B)/tests/%) tests/*.t
	if tests/musl; then $(MAKE) check-musl; fi

# What the static programs do, once more with musl.
MUSL_TESTS := batch cache callout forms hook kill local memory outage rcptcheck rcptserve rcptwrap rcptwrap-ends stale

MUSL_UNITS := address cache cacheadmin cachewrite catchall cdbfile cursor deadline hook lean memory options servers settings

check-musl:
	tests/need build demo check
	tests/musl
	$(MAKE) $(MUSL) all $(MUSL_UNITS:%=build/musl/tests/static/%)
	BUILD=build/musl prove --timer $(MUSL_UNITS:%=build/musl/tests/static/%) $(MUSL_TESTS:%=tests/%.t)

$(B)/tests/static/%: tests/unit/%.c tests/unit/tap.h $(S)/librcptcheck.a
	@mkdir -p $(@D)
	$(STATIC_CC) $(MUSL_INCLUDE) $(CPPFLAGS) -Itests/unit $(STATIC_LINK) -o $@ $< $(S)/librcptcheck.a $(MUSL_LIB) \
	    -lsqlite3 -lcdb -lm

bench:
	tests/need build demo check bench
	tests/unpack postfix exim4-daemon-light qpsmtpd
	$(MAKE) all $(B)/tests/tools/spawn
	if tests/musl; then $(MAKE) $(MUSL) all; fi
	tests/bench

# The tests once more with everything built for the sanitizers, in a build folder of its own.
asan:
	tests/need build demo check
	tests/unpack $(SERVERS)
	tests/haraka
	$(MAKE) B=build/asan STATIC= STATIC_OWN= CC="$(CC) -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined" \
	    all $(UNITS:%=build/asan/tests/%) build/asan/tests/tools/relayload
	BUILD=build/asan prove --timer $(UNITS:%=build/asan/tests/%) tests/*.t

FUZZ_SECONDS := 60
FUZZ_CC	:= clang -g -O1 -std=c11 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined

fuzz:
	tests/need build fuzz
	$(MAKE) $(FUZZERS:%=$(B)/fuzz/%)
	for target in $(FUZZERS); do \
		mkdir -p $(B)/fuzz/corpus/$$target && \
		$(B)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -timeout=10 \
		    -artifact_prefix=$(B)/fuzz/$$target- \
		    $(B)/fuzz/corpus/$$target tests/fuzz/corpus/$$target || exit 1; \
	done

$(B)/fuzz/%: tests/fuzz/%.c $(MODULES) $(wildcard src/*/*.h) $(B)/schema.h
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CPPFLAGS) -o $@ $< $(MODULES) $(LIBS) $(TLS_LIBS) $(MD5_LIBS) $(LOG_LIBS)

lint:
	tests/need build lint
	$(MAKE) $(B)/schema.h
	tests/lint

clean:
	rm -rf $(B)

# Installation. Folders and modes are those of INSTALL; owners are set when root installs. PROBE_USER is
# the user under whom rcptprobe is to run: run/ becomes that user's. RELAY_USER is the same for relayd and
# relay/. ROUTE_GROUP, if there is one of this name, is that of the mail proxies: route/ becomes that group's.
# What the administrator has changed in service/ stays. relaymark cannot be read: see relayd(8), the strict form.
DESTDIR	:=
HOOK_GROUP := nofiles
PROBE_USER :=
RELAY_USER :=
ROUTE_GROUP := route
H	= $(DESTDIR)$(HOME_DIR)
SERVICE	:= service/run:rcptprobe/run:0755 service/log/run:rcptprobe/log/run:0755 \
	   rcptprobe.service:rcptprobe.service:0644 \
	   service/relayd/run:relayd/run:0755 service/log/run:relayd/log/run:0755 relayd.service:relayd.service:0644

HOOKS	:= $(wildcard data/hooks/*)
LISTS	:= $(wildcard data/lists/*)

install: all
	@if [ -z "$(DESTDIR)" ] && ! getent group $(HOOK_GROUP) >/dev/null; then \
		echo "install: there is no group '$(HOOK_GROUP)'. The folder cache/ belongs to the group of the user" >&2; \
		echo "who runs the RCPTCHECK hook: make install HOOK_GROUP=thegroup (qmail: nofiles)." >&2; \
		exit 1; \
	fi
	@if [ -n "$(PROBE_USER)" ] && id "$(PROBE_USER)" >/dev/null 2>&1; then \
		if [ "$$(id -u "$(PROBE_USER)")" = 0 ] || [ "$$(id -g "$(PROBE_USER)")" = 0 ]; then \
			echo "install: rcptprobe does not run as root or in root's group: PROBE_USER must be another" >&2; \
			exit 1; \
		fi; \
	elif [ -n "$(PROBE_USER)" ] && [ -z "$(DESTDIR)" ]; then \
		echo "install: there is no user '$(PROBE_USER)'. PROBE_USER is the user under whom rcptprobe is to run:" >&2; \
		echo "that of the RCPTCHECK hook (qmail: qmaild), or one of its own." >&2; \
		exit 1; \
	fi
	@if [ -n "$(RELAY_USER)" ] && id "$(RELAY_USER)" >/dev/null 2>&1; then \
		if [ "$$(id -u "$(RELAY_USER)")" = 0 ] || [ "$$(id -g "$(RELAY_USER)")" = 0 ]; then \
			echo "install: relayd does not run as root or in root's group: RELAY_USER must be another" >&2; \
			exit 1; \
		fi; \
	elif [ -n "$(RELAY_USER)" ] && [ -z "$(DESTDIR)" ]; then \
		echo "install: there is no user '$(RELAY_USER)'. RELAY_USER is the user under whom relayd is to run," >&2; \
		echo "best one of its own." >&2; \
		exit 1; \
	fi
	install -d -m 0755 $(H) $(H)/bin $(H)/man $(H)/man/man5 $(H)/man/man7 $(H)/man/man8
	install -d -m 0755 $(H)/lib $(H)/data $(H)/hooks $(H)/lists $(H)/relay $(H)/run $(H)/service $(H)/service/rcptprobe $(H)/service/rcptprobe/log $(H)/service/relayd $(H)/service/relayd/log
	install -d -m 0750 $(H)/service/rcptprobe/log/main $(H)/service/relayd/log/main
	install -d -m 2770 $(H)/cache
	@getent group $(HOOK_GROUP) >/dev/null || \
		echo "install: there is no group '$(HOOK_GROUP)' here, so $(H)/cache keeps the group it was made with" >&2
	if getent group $(HOOK_GROUP) >/dev/null && [ "$$(id -u)" = 0 ]; then \
		chown root:$(HOOK_GROUP) $(H)/cache && chmod 2770 $(H)/cache; fi
	@[ -z "$(PROBE_USER)" ] || id "$(PROBE_USER)" >/dev/null 2>&1 || \
		echo "install: there is no user '$(PROBE_USER)' here, so $(H)/run keeps the owner it was made with" >&2
	if [ -n "$(PROBE_USER)" ] && id "$(PROBE_USER)" >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
		chown "$(PROBE_USER):" $(H)/run $(H)/service/rcptprobe/log/main; fi
	@[ -z "$(RELAY_USER)" ] || id "$(RELAY_USER)" >/dev/null 2>&1 || \
		echo "install: there is no user '$(RELAY_USER)' here, so $(H)/relay keeps the owner it was made with" >&2
	if [ -n "$(RELAY_USER)" ] && id "$(RELAY_USER)" >/dev/null 2>&1 && [ "$$(id -u)" = 0 ]; then \
		chown "$(RELAY_USER):" $(H)/relay $(H)/service/relayd/log/main; fi
	for program in $(BIN); do new=$(H)/bin/$${program##*/}.new && \
		case $$program in */relaymark) mode=0711 ;; *) mode=0755 ;; esac && \
		install -m $$mode $$program $$new && mv -f $$new $${new%.new} || exit 1; done
	ln -sf rcptserve $(H)/bin/rcptcheck-cvm
	new=$(H)/lib/$(notdir $(PERDITION)).new && \
		install -m 0644 $(PERDITION) $$new && mv -f $$new $${new%.new}
	if getent group $(ROUTE_GROUP) >/dev/null && [ "$$(id -u)" = 0 ]; then \
		install -d $(H)/route && chown root:$(ROUTE_GROUP) $(H)/route && chmod 2770 $(H)/route; fi
	for name in relaymark-pop3d relaymark-imapd authpostfix; do ln -sf relaymark $(H)/bin/$$name || exit 1; done
	ln -sf relayage $(H)/bin/authcleanup
	for page in $(PAGES); do install -m 0644 $$page $(H)/man/man$${page##*.}/ || exit 1; done
	for file in schema example; do install -m 0644 data/$$file.sql $(H)/data/ || exit 1; done
	install -m 0644 data/relaylog.patterns $(H)/data/relaylog.patterns.new && \
		mv -f $(H)/data/relaylog.patterns.new $(H)/data/relaylog.patterns
	@for word in $(SERVICE); do from=data/$${word%%:*}; mode=$${word##*:}; to=$${word#*:}; \
		to=$(H)/service/$${to%:*}; new=$$to.new; \
		sed 's|/var/rcptcheck|$(HOME_DIR)|g' $$from >$$new && chmod $$mode $$new || exit 1; \
		if [ -e $$to ] && ! cmp -s $$new $$to; then \
			echo "install: $$to is kept; that of this version is $$new" >&2; \
		else mv -f $$new $$to || exit 1; fi; done
	@for file in $(HOOKS); do to=$(H)/hooks/$${file##*/}; \
		case $$to in *.run | *.runit) mode=0755 ;; *) mode=0644 ;; esac; \
		sed 's|/var/rcptcheck|$(HOME_DIR)|g' $$file >$$to.new && chmod $$mode $$to.new && \
		mv -f $$to.new $$to || exit 1; done
	for file in $(LISTS); do new=$(H)/lists/$${file##*/}.new && \
		sed 's|/var/rcptcheck|$(HOME_DIR)|g' $$file >$$new && chmod 0755 $$new && \
		mv -f $$new $${new%.new} || exit 1; done
