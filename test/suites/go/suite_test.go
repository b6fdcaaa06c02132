// A Go suite of what Go tests do, good and bad. One behaviour a test.
package gosuite

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestPasses(t *testing.T) {}

func TestSkips(t *testing.T) { t.Skip("not here") }

func TestFails(t *testing.T) {
	t.Log("a word before")
	t.Errorf("got %d, want %d", 1, 2)
}

func TestSubtests(t *testing.T) {
	t.Run("good", func(t *testing.T) {})
	t.Run("with spaces", func(t *testing.T) {})
	t.Run("nested", func(t *testing.T) {
		t.Run("deeper", func(t *testing.T) {})
	})
}

func TestSubtestFails(t *testing.T) {
	t.Run("good", func(t *testing.T) {})
	t.Run("bad one", func(t *testing.T) { t.Fatal("the subtest failed") })
}

func TestParallelA(t *testing.T) {
	t.Parallel()
	time.Sleep(20 * time.Millisecond)
}

func TestParallelB(t *testing.T) {
	t.Parallel()
	time.Sleep(10 * time.Millisecond)
	t.Error("parallel and bad")
}

func TestParallelC(t *testing.T) {
	t.Parallel()
	fmt.Println("printed by C")
}

func TestPanics(t *testing.T) {
	var m map[string]int
	m["a"] = 1
}

func TestPanicsInGoroutine(t *testing.T) {
	go func() { panic("from a goroutine") }()
	time.Sleep(10 * time.Second)
}

func TestOsExit0(t *testing.T) { os.Exit(0) }

func TestOsExit3(t *testing.T) { os.Exit(3) }

func TestHangs(t *testing.T) { time.Sleep(time.Hour) }

func TestWithoutNewline(t *testing.T) { fmt.Print("no newline at the end") }

func TestImitatesResults(t *testing.T) {
	fmt.Println("--- FAIL: TestPasses (0.00s)")
	fmt.Println("=== RUN   TestOther")
	fmt.Println("--- PASS: TestImitatesResults (0.00s)")
}

func TestImitatesSuccessThenFails(t *testing.T) {
	fmt.Println("--- PASS: TestImitatesSuccessThenFails (0.00s)")
	t.Fatal("all the same")
}

func TestLongOutput(t *testing.T) {
	line := strings.Repeat("z", 1023)
	for i := 0; i < 10*1024; i++ {
		fmt.Println(line)
	}
}

func Example_good() {
	fmt.Println("hello")
	// Output: hello
}

func Example_bad() {
	fmt.Println("hello")
	// Output: goodbye
}

func FuzzSeeds(f *testing.F) {
	f.Add("seed")
	f.Add("another")
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			t.Error("empty")
		}
	})
}

func FuzzBadSeed(f *testing.F) {
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			t.Error("empty")
		}
	})
}

func BenchmarkNotATest(b *testing.B) {
	for i := 0; i < b.N; i++ {
	}
}

func TestZLast(t *testing.T) {}
