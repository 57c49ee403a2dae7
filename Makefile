# Two commands on a fresh machine with a Rust toolchain and a package manager:
#   make demo   installs cmake if it is missing (PROJ needs it), builds, plans the embedded study area
#   make test   the same for the tests, with GDAL and Python readers to open what covplan writes
CARGO ?= cargo
OUT ?= out
export COVPLAN_SHARED ?= $(abspath ../shared)

.PHONY: demo test qgis maplibre soak build setup setup-test lint bench clean

demo: setup
	$(CARGO) run --release --locked -- demo -o $(OUT) --overwrite

# The random tests draw the same cases at every run, so that what passes here passes anywhere; `make soak` draws others.
test: export PROPTEST_RNG_SEED ?= 20
test: setup-test
	$(CARGO) test --release --locked

# What covplan writes, opened in the real QGIS, without a screen; pictures in target/qgis. It takes 1 GB of packages, so
# it stands apart from the tests.
qgis: build
	@sh tests/setup.sh qgis
	sh tests/qgis.sh

# Vector tiles that covplan writes, opened in the real MapLibre in a browser without a screen; pictures in
# target/maplibre/pictures. It takes packages of npm, so it stands apart from the tests.
maplibre: build
	@sh tests/setup.sh maplibre
	sh tests/maplibre.sh

soak: export PROPTEST_CASES ?= 2000
soak: setup-test
	$(CARGO) test --release --locked --lib

build: setup
	$(CARGO) build --release --locked

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --release --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps

bench: setup
	$(CARGO) bench --locked

setup:
	@sh tests/setup.sh build

setup-test:
	@sh tests/setup.sh test

clean:
	$(CARGO) clean
