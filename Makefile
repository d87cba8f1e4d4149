# Each verb does all of its own set-up. `make help` lists the verbs; CONTRIBUTING.md describes them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build deploy demo test test-localstack check chaos fuzz costs bench bench-tenants bench-backlog local clean functions

# ---- Options: VERB OPTION=VALUE. An invalid value ends with a message and exit code 2. ----

OPTIONS := ARCH AUTH KEEP PARAMS RECORDS SEEDS TENANTS
# In the environment, these two names may belong to something else.
$(foreach v,ARCH AUTH,$(if $(filter environment,$(origin $v)),$(eval $v :=)))
GIVEN := $(foreach v,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $v))),$v))
$(foreach v,$(filter-out $(OPTIONS),$(GIVEN)),$(error $v is not an option. The options are $(OPTIONS); see `make help`))
one_of = $(if $(strip $($1)),$(if $(filter $2,$($1)),,$(error $1=$($1) is not valid: use one of $2)))
$(call one_of,ARCH,arm64 x86_64)
$(call one_of,AUTH,true false)
$(call one_of,KEEP,0 1)
ifneq ($(shell [[ '$(SEEDS)' =~ ^([1-9][0-9]*)?$$ ]] && echo good),good)
$(error SEEDS=$(SEEDS) is not valid: use a whole number, 1 or more)
endif
ifneq ($(shell [[ '$(TENANTS)' =~ ^([1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*)?$$ ]] && echo good),good)
$(error TENANTS=$(TENANTS) is not valid: use numbers of tenants, separated by commas, such as 10,100,1000)
endif
ifeq ($(origin RECORDS),undefined)
RECORDS := $(wildcard ../shared/records)
else ifeq ($(wildcard $(RECORDS)/.),)
$(error RECORDS=$(RECORDS) is not a folder: use one with {ContentType}.jsonl.gz files)
endif

# ---- Set-up ----

CARGO := cargo
VENV := .venv
# The pinned cargo-lambda, zig, sam and cfn-lint take precedence over any that the machine has.
TOOLS := PATH="$(CURDIR)/$(VENV)/bin:$$PATH" SAM_CLI_TELEMETRY=0
BIN := $(or $(CARGO_TARGET_DIR),target)/debug
HOST_ARCH := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
FUNCTIONS := poller fetcher reconciler

$(VENV)/.stamp: infra/requirements.txt
	@echo "Installing the tools into $(VENV) (once, about a minute)"
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed" >&2; exit 2; }
	@python3 -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# One build of the whole workspace serves the demo and the tests. Building parts of it would compile the AWS SDK again for
# each different set of features.
functions:
	$(CARGO) build --workspace --bins

# Installs Rust's standard library for the architecture $1, unless it is there.
define need_target
	@triple=$(if $(filter arm64,$1),aarch64,x86_64)-unknown-linux-gnu; \
	[ -d "$$(rustc --print target-libdir --target $$triple)" ] || rustup target add $$triple || { \
	  echo "Rust's standard library for $$triple is missing, and rustup could not install it" >&2; exit 2; }
endef

# ---- Verbs ----

help: ## Lists the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(VENV)/.stamp ## Compiles the functions as AWS runs them (ARCH=arm64|x86_64; default: this machine's)
	$(call need_target,$(or $(ARCH),$(HOST_ARCH)))
	$(TOOLS) $(CARGO) lambda build --release --locked $(if $(filter arm64,$(or $(ARCH),$(HOST_ARCH))),--arm64,--x86-64) \
	  $(FUNCTIONS:%=--bin %)

# The first time, SAM asks for the stack's name, region and parameters, and saves the answers in samconfig.toml.
deploy: $(VENV)/.stamp ## Builds and deploys to AWS (ARCH=arm64|x86_64; default arm64; PARAMS='Key=Value Key="a b"')
	@infra/known-parameters $(PARAMS)
	$(call need_target,$(or $(ARCH),arm64))
	$(TOOLS) sam build --parameter-overrides 'Architecture=$(or $(ARCH),arm64) $(PARAMS)'
	$(TOOLS) sam deploy $(if $(wildcard samconfig.toml),,--guided) --capabilities CAPABILITY_IAM \
	  --parameter-overrides 'Architecture=$(or $(ARCH),arm64) $(PARAMS)'

demo: $(VENV)/.stamp functions ## Deploys to a local AWS and archives six days of records (RECORDS=folder; KEEP=1 leaves it running)
	@LOCAL_AWS_AUTH=$(AUTH) infra/local/with-local-aws $(BIN)/demo --bin-dir $(BIN) \
	  $(if $(RECORDS),--records $(RECORDS)) $(if $(filter 1,$(KEEP)),--keep)

test: $(VENV)/.stamp functions ## Runs all tests against a local AWS (AUTH=true enforces the IAM policies)
	$(CARGO) test --workspace --no-run
	LOCAL_AWS_AUTH=$(AUTH) infra/local/with-local-aws $(CARGO) test --workspace

test-localstack: $(VENV)/.stamp ## Runs the contract suites against LocalStack too, if it can be installed
	@if infra/local/install-localstack; then \
	  infra/local/with-local-aws --localstack $(CARGO) test --workspace --test 'contract*'; fi

# The program that counts the costs is built with the features of the whole workspace, as the tests are: nothing is compiled twice.
check: $(VENV)/.stamp ## Checks format, architecture, documents, dependencies, template, clippy, rustdoc, costs
	$(CARGO) fmt --all --check
	infra/check-architecture.py
	infra/check-documents.py
	@if command -v cargo-deny >/dev/null; then echo "$(CARGO) deny check licenses bans sources"; \
	  $(CARGO) deny check licenses bans sources; \
	else echo "Skipped: licences, bans and sources of dependencies, because cargo-deny is not installed"; fi
	$(TOOLS) cfn-lint template.yaml
	$(TOOLS) sam validate --lint --region us-east-1
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings $(CARGO) doc --no-deps --workspace
	$(CARGO) build -q --workspace --bin costs
	$(BIN)/costs --check

chaos: ## Runs the fault campaign (SEEDS=how many; default 200)
	CHAOS_SEEDS=$(or $(SEEDS),200) $(CARGO) test --workspace --test campaign -- --nocapture

# Instrumentation needs what stable compilers hide. What the fuzzer adds to the corpus stays out of the repository.
fuzz: ## Fuzzes decoder, record stream and queue message, a minute each (needs `cargo install cargo-fuzz`)
	@command -v cargo-fuzz >/dev/null || { echo "cargo-fuzz is missing: cargo install cargo-fuzz --locked" >&2; exit 2; }
	for target in decoder record_stream queue_message; do \
	  mkdir -p fuzz/target/corpus/$$target && \
	  RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$target fuzz/target/corpus/$$target fuzz/corpus/$$target -- \
	    -max_total_time=60 -timeout=10 || exit; \
	done

costs: ## Writes docs/costs.md, and counts calls of a day and what an outage of the fetchers costs, in simulated time
	$(CARGO) build -q --workspace --bin costs
	$(BIN)/costs

bench: build functions ## Measures the record stream, and the whole fetcher on a blob of 200 MB (RECORDS=folder)
	$(CARGO) run --release -p record-stream --example throughput -- $(RECORDS)
	@infra/local/with-local-aws $(BIN)/bench_fetcher --fetcher $(or $(CARGO_TARGET_DIR),target)/lambda/fetcher/bootstrap \
	  $(if $(RECORDS),--records $(RECORDS))

bench-tenants: ## Measures polls and reconciliations of many tenants (TENANTS=10,100,1000; a thousand take half an hour)
	$(CARGO) run -q --profile bench -p benchmarks --bin bench_tenants -- $(if $(TENANTS),--tenants $(TENANTS))

bench-backlog: ## Measures the rate limiter in a burst, a backlog, and under a lower limit than it believes, in simulated time
	$(CARGO) run -q --profile bench -p benchmarks --bin bench_backlog

local: $(VENV)/.stamp ## Runs a local AWS and the simulator, for `cargo lambda watch` and `invoke`, until Ctrl-C
	$(CARGO) build -p management-api-simulator
	@LOCAL_AWS_PORT=4566 infra/local/with-local-aws bash -c '$(VENV)/bin/python infra/local/bootstrap-resources.py && \
	  printf "%s\n" "In a second terminal:" \
	    "  export PATH=$(CURDIR)/$(VENV)/bin:\$$PATH" \
	    "  cargo lambda watch --env-file infra/local/watch.env" \
	    "and in a third one, with the same PATH:" \
	    "  cargo lambda invoke poller --data-file infra/local/events/poller.json" \
	    "Addresses and names: infra/local/watch.env" && \
	  exec $(BIN)/management-api-simulator $(if $(RECORDS),--records $(RECORDS),--generate 2000)'

clean: ## Removes everything that these verbs created
	$(CARGO) clean
	rm -rf $(VENV) .venv-localstack .aws-sam .demo
