libcore_a_SOURCES += \
	core/wire/beacon.c core/wire/beacon.h \
	core/wire/bulk.c core/wire/bulk.h core/wire/bulk_choice.c \
	core/wire/bundle.c core/wire/bundle.h \
	core/wire/gate.c core/wire/gate.h \
	core/wire/json.c core/wire/json.h \
	core/wire/keys.c core/wire/keys.h \
	core/wire/message.c core/wire/message.h \
	core/wire/peer.c core/wire/peer.h \
	core/wire/peer_guard.c core/wire/peer_guard.h \
	core/wire/peer_links.c core/wire/peer_links.h \
	core/wire/peer_watch.c core/wire/peer_watch.h \
	core/wire/pipe.c core/wire/pipe.h \
	core/wire/scan.c core/wire/scan.h \
	core/wire/tables.c
