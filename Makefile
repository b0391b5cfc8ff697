# A thin front: Meson describes the build, Ninja does it, tools/ does the rest.
.PHONY: help run deb try-deb build prepare prepare-tests test test-long mutate attacks bench fuzz growth soak lint format docs clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: build ## build, set up a demo city on first use, and serve it on port DUKOU_PORT (8080)
	@exec tools/run.sh

build: prepare ## build/dukou
	@tools/build.sh build

prepare-tests:
	@tools/prepare.sh tests

prepare: ## install what is missing: packages.txt by apt, package-lock.json by npm
	@tools/prepare.sh

test: prepare-tests ## every test; closes with a line "N passed, N failed"
	@tools/test.sh

test-long: prepare-tests ## the same, with the tests that take long
	@DUKOU_TEST_LONG=1 tools/test.sh

mutate: prepare ## take out each check that a clause rests on: a test of the clause must fail
	@tools/mutate.sh

bench: build ## the figures, each beside its limit; build/bench.json
	@bench/run.sh

fuzz: prepare ## every fuzz target for DUKOU_FUZZ_SECONDS (60)
	@tools/fuzz.sh

growth: build ## what calls cost in a city of 10 and 100 times the rows (DUKOU_GROWTH); needs some 60 GB the first time
	@bench/growth.sh

soak: build prepare-tests ## a busy month in an hour (DUKOU_SOAK_SECONDS, DUKOU_SOAK_RATE): no error, no growth, no slowness
	@DUKOU_TEST_TIMEOUT=86400000 npm --prefix tests test -- soak/soak.test.ts

lint: build ## format, analysers, dependency rule, forbidden text
	@tools/lint.sh

format: ## lay out every C file as .clang-format says
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs -r clang-format-14 -i

attacks: test ## run every test and print docs/security/attacks.md from what the attack tests saw
	@python3 -B tools/report_attacks.py build/attacks

deb: build ## build/dukou_VERSION_ARCH.deb
	@packaging/deb.sh

try-deb: deb ## install, use, upgrade and remove the package in a clean Debian 12 (needs root and mmdebstrap)
	@packaging/try.sh

docs: ## the pages that are printed from the code
	@python3 -B tools/print_limits.py

clean: ## remove what was built; never the city under DUKOU_HOME (./var)
	rm -rf build build-asan build-mutation
