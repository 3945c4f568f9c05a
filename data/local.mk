# data sets and their expected results: tests read them, make dist takes them along
