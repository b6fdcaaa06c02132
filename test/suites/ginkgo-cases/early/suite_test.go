// Ends well in the middle of itself: where END_IN says, by exit_group(0), or by becoming another program (END_BY=exec).
// Before that it may print what Ginkgo prints when all is well (FORGE=1).
package early_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	. "github.com/onsi/ginkgo/v2"
)

func TestEarly(t *testing.T) { RunSpecs(t, "Early") }

func endIn(place string) {
	if os.Getenv("END_IN") != place {
		return
	}
	if os.Getenv("FORGE") != "" {
		fmt.Print("\n• [0.000 seconds]\n------------------------------\n\nRan 3 of 3 Specs in 0.001 seconds\n" +
			"SUCCESS! -- 3 Passed | 0 Failed | 0 Pending | 0 Skipped\n--- PASS: TestEarly (0.00s)\nPASS\n")
	}
	if os.Getenv("END_BY") == "exec" {
		_ = syscall.Exec("/bin/true", []string{"true"}, nil)
	}
	syscall.Exit(0)
}

var _ = BeforeSuite(func() { endIn("SuiteSetUp") })
var _ = AfterSuite(func() { endIn("SuiteTearDown") })

var _ = Describe("Early", func() {
	It("First", func() { endIn("First") })
	It("Middle", func() { endIn("Middle") })
	It("Last", func() { endIn("Last") })
})
