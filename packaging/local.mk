pkgconfigdir = $(datadir)/pkgconfig
pkgconfig_DATA = packaging/racimo.pc packaging/racimo-client.pc
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/racimo

# Below the prefix: systemd looks in /usr/lib and /usr/local/lib.
systemdsystemunitdir = @systemdsystemunitdir@
sysusersdir = $(prefix)/lib/sysusers.d
units = packaging/systemd/racimo-master.service packaging/systemd/racimo-worker.service
nodist_systemdsystemunit_DATA = $(units)
nodist_sysusers_DATA = packaging/systemd/racimo.conf
EXTRA_DIST += $(units:=.in) packaging/systemd/racimo.sysusers
CLEANFILES += $(units) packaging/systemd/racimo.conf
$(units): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && sed 's|@bindir@|$(bindir)|g' $< > $@
packaging/systemd/racimo.conf: packaging/systemd/racimo.sysusers
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cp $(srcdir)/packaging/systemd/racimo.sysusers $@
slurmdir = $(pkgdatadir)/slurm
dist_slurm_SCRIPTS = packaging/slurm/racimo.sbatch
dist_slurm_DATA = packaging/slurm/README.md
