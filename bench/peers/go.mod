module github.com/kmsmac/kmsmac/bench/peers

go 1.26.0
