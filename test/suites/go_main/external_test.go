package gomain_test

import "testing"

func TestTwin(t *testing.T) { t.Error("the twin in the external package") }
