// Three tests registered under one name.
#include <gtest/gtest.h>

namespace {

class Numbered : public testing::Test {
 public:
  explicit Numbered(int number) : number_(number) {}
  void TestBody() override {
    if (number_ > 1) ADD_FAILURE() << "failure of number " << number_;
  }

 private:
  int number_;
};

const bool registered = [] {
  for (int number = 1; number <= 3; ++number) {
    testing::RegisterTest("Dynamic", "Same", nullptr, nullptr, __FILE__, __LINE__,
                          [number]() -> testing::Test* { return new Numbered(number); });
  }
  return true;
}();

}  // namespace

TEST(Other, Passes) {}
