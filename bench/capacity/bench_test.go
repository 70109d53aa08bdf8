package capacity

import "testing"

func BenchmarkReadCurve(b *testing.B) {
	for _, row := range []struct {
		name string
		over int
	}{{"rate", 0}, {"concurrency", 1}} {
		f := openSweep(8, shapes[1].draw, shapes[1].mean, 1)
		if row.over == 1 {
			f = closedSweep(8, shapes[1].draw, 1)
		}
		b.Run("over="+row.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadCurve(f, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
