// What fails outside of the specs.
package outside

import (
	"errors"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestOutside(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Outside")
	if os.Getenv("FAIL_IN") == "leak" {
		t.Error("found unexpected goroutines")
	}
}

func fails(where string) {
	if os.Getenv("FAIL_IN") == where {
		Fail(where + " is down")
	}
}

var _ = SynchronizedBeforeSuite(func() []byte { fails("before"); return nil }, func([]byte) {})
var _ = AfterSuite(func() { fails("after") })
var _ = ReportAfterSuite("kept", func(Report) {
	if os.Getenv("FAIL_IN") == "report" {
		Expect(errors.Join(os.WriteFile("report.txt", nil, 0o600))).To(Succeed())
	}
})

var _ = Describe("inside", func() {
	It("one", func() {})
	It("two", func() {})
})
