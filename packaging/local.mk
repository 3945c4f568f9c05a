pkgconfigdir = $(datadir)/pkgconfig
pkgconfig_DATA = packaging/racimo.pc
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/racimo
