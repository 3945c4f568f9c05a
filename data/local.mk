# Tests read these; make dist takes them along.
EXTRA_DIST += \
	data/README.md data/birdstrikes.csv data/opticks.txt data/stations.txt \
	data/expected/make.sh \
	data/expected/birdstrikes.groupby.tsv data/expected/birdstrikes.groupby2.tsv \
	data/expected/opticks.wordcount.tsv data/expected/stations.stations.tsv
