include_HEADERS = api/racimo.h api/racimo-client.h

# The library of those who launch jobs from C: one object in which nothing is visible but rac_client_*, for a static library must not spill our
# names into other people's programs.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = cli/client.c cli/common.c cli/config.c cli/config_text.c cli/home.c cli/remote.c cli/sources.c
lib_LIBRARIES = libracimo-client.a
libracimo_client_a_SOURCES =
libracimo_client_a_LIBADD = api/client-library.o
EXTRA_libracimo_client_a_DEPENDENCIES = api/client-library.o
CLEANFILES += api/client-library.o api/client-library.all
api/client-library.o: cli/client.o libclient.a libcore.a
	$(AM_V_GEN)$(MKDIR_P) api && $(CC) -r -nostdlib -o api/client-library.all cli/client.o libclient.a libcore.a \
	    && $(OBJCOPY) --wildcard --keep-global-symbol='rac_client_*' api/client-library.all $@
