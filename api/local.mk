include_HEADERS = api/racimo.h api/racimo-client.h

# The library of those who launch jobs from C: one object in which nothing is visible but rac_client_*, for a static library must not spill our
# names into other people's programs.
noinst_LIBRARIES += libclient.a
libclient_a_SOURCES = cli/client.c cli/common.c cli/config.c cli/config_text.c cli/home.c cli/remote.c cli/sides.c cli/sources.c worker/plugin_file.c
lib_LIBRARIES = libracimo-client.a
libracimo_client_a_SOURCES =
libracimo_client_a_LIBADD = cli/client-library.o
EXTRA_libracimo_client_a_DEPENDENCIES = cli/client-library.o
CLEANFILES += cli/client-library.o cli/client-library.all
cli/client-library.o: cli/client.o libclient.a libcore.a
	$(AM_V_GEN)$(MKDIR_P) cli && $(CC) -r -nostdlib -o cli/client-library.all cli/client.o libclient.a libcore.a \
	    && $(OBJCOPY) --wildcard --keep-global-symbol='rac_client_*' cli/client-library.all $@
