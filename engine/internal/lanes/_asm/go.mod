module github.com/kmsmac/kmsmac/engine/internal/lanes/_asm

go 1.26.0
