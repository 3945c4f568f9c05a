pkgconfigdir = $(datadir)/pkgconfig
pkgconfig_DATA = packaging/racimo.pc
