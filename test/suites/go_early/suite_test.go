// Ends well in the middle of itself: where END_IN says, by exit_group(0), or by becoming another program (END_BY=exec).
// Before that it may print what the testing package prints when all is well (FORGE=1).
package go_early

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

func endIn(place string) {
	if os.Getenv("END_IN") != place {
		return
	}
	if os.Getenv("FORGE") != "" {
		fmt.Printf("--- PASS: Test%s (0.00s)\nPASS\n", place)
	}
	if os.Getenv("END_BY") == "exec" {
		_ = syscall.Exec("/bin/true", []string{"true"}, nil)
	}
	syscall.Exit(0)
}

func TestFirst(t *testing.T)  { endIn("First") }
func TestMiddle(t *testing.T) { endIn("Middle") }
func TestLast(t *testing.T)   { endIn("Last") }

func TestMain(m *testing.M) {
	isListing := false
	for _, argument := range os.Args {
		isListing = isListing || argument == "-test.list"
	}
	if !isListing {
		endIn("SetUp")
	}
	os.Exit(m.Run())
}
