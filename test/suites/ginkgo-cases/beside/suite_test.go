// Test functions beside the specs.
package beside

import (
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

func TestAFirst(t *testing.T) {}

func TestSpecs(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "Beside")
}

func TestZFails(t *testing.T) { t.Error("no spec, and down") }

var _ = Describe("spec", func() {
	It("one", func() {})
	It("two", func() {})
})
