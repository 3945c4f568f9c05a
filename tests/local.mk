# Tests are unit tests (Check, tests/FOLDER/test_NAME.c) and scripts (bash, tests/system). They find what they test in the environment.
TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = bash
AM_TESTS_ENVIRONMENT = RACIMO='$(abs_top_builddir)/racimo'; RACIMO_HOME='$(abs_top_builddir)'; SRC='$(abs_top_srcdir)'; \
    export RACIMO RACIMO_HOME SRC;
TESTS += tests/check_layers
EXTRA_DIST += tests/check_layers tests/main.h tests/folder.h tests/emulator.h tests/memcheck.h

# The same tests in other lights, each in a build of its own or under a tool; for those who change code, and for CI. Under the sanitizers
# first with jobs as users compile them, since a crash of theirs has to look as ever; then the shipped jobs sanitized as well.

check-asan:
	@test "$(abs_srcdir)" != "$(abs_builddir)" || { echo "check-asan: build out of the source tree: mkdir build && cd build && ../configure"; exit 1; }
	$(MKDIR_P) build-asan
	cd build-asan && { test -e Makefile || $(abs_srcdir)/configure --quiet --enable-sanitizers --enable-werror CC='$(CC)'; }
	$(MAKE) -C build-asan check
	cd build-asan && RACIMO_CC='$(CC)' RACIMO_CFLAGS='-fsanitize=address,undefined -fno-sanitize-recover=all' $(MAKE) check TESTS=tests/system/jobs.sh

# Not the kernels' tests: all lengths times all alignments take memcheck minutes, and the sanitizers see the same reads. With RACIMO_MEMCHECK tests are
# patient, and hold no process's memory against a bound, which memcheck's own would break.
check-valgrind: all $(check_PROGRAMS) $(check_SCRIPTS)
	@$(AM_TESTS_ENVIRONMENT) failed=0; for test in $(check_PROGRAMS); do \
	    case $$test in tests/kernel/*) continue ;; */test_*) ;; *) continue ;; esac; \
	    CK_FORK=no CK_DEFAULT_TIMEOUT=0 RACIMO_MEMCHECK=1 RACIMO_KERNEL=plain RACIMO_SEEDS=100 valgrind --quiet --error-exitcode=9 --leak-check=full \
	        --errors-for-leak-kinds=definite ./$$test > $$test.valgrind.log 2>&1 \
	    && echo "PASS $$test" || { echo "FAIL $$test"; cat $$test.valgrind.log; failed=1; }; \
	done; exit $$failed
	$(AM_TESTS_ENVIRONMENT) bash $(srcdir)/tests/system/memcheck.sh

# gcc and clang define shifts of negative numbers as arithmetic ones, and the kernels rely on it.
lint:
	cd $(srcdir) && shellcheck autogen.sh quickstart .ci/run tests/check_layers data/expected/make.sh tests/arm64/*.sh packaging/slurm/racimo.sbatch
	cd $(srcdir) && for script in tests/system/*.sh; do test ! -e $$script || shellcheck $$script || exit 1; done
	cd $(srcdir) && mandoc -Tlint -Wwarning doc/*.1
	cd $(srcdir) && cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --enable=warning,portability \
	    --suppress=missingIncludeSystem --suppress=shiftTooManyBitsSigned --suppress=shiftNegativeLHS \
	    --suppress=arrayIndexThenCheck -Iapi -Icore -I. api core master worker cli jobs

.PHONY: check-asan check-valgrind lint
