#include "emulator/cloudformation/stack/stack_store.h"

#include <gtest/gtest.h>

#include <limits>

namespace sortie::emulator::cloudformation {
namespace {

constexpr std::int64_t k_all = std::numeric_limits<std::int64_t>::max();

class StackStoreTest : public testing::Test {
 protected:
  static Stack stack(const std::string& name, const std::string& number = "1") {
    Stack made;
    made.id = "arn:aws:cloudformation:eu-west-1:111111111111:stack/" + name + "/" + number;
    made.name = name;
    made.region = "eu-west-1";
    made.status = "CREATE_COMPLETE";
    return made;
  }
  static Event event(const Stack& of, const std::string& id) {
    return {.id = id, .stack_id = of.id, .stack_name = of.name, .status = "CREATE_COMPLETE"};
  }
  static ChangeSet change_set(const Stack& of, const std::string& name) {
    ChangeSet made;
    made.id = "arn:aws:cloudformation:eu-west-1:111111111111:changeSet/" + name + "/1";
    made.name = name;
    made.stack_id = of.id;
    return made;
  }

  std::unique_ptr<Store> store_ = Store::ephemeral().value();
  SystemTime now_{std::chrono::hours(24 * 365)};
  StackStore stacks_{*store_, now_};
};

TEST_F(StackStoreTest, FindsEverythingAgainWhenItIsReopened) {
  Stack made = stack("s");
  made.now.template_body = "Resources: {}";
  made.now.parameters = {{"P", "v"}};
  made.before = Stack::Before{made.now, {}, {"Added"}};
  Stack& kept = stacks_.add(made);
  Resource& resource = kept.resources.emplace_back();
  resource.logical_id = "A";
  resource.type = "AWS::SSM::Parameter";
  resource.properties = {{"Name", "/a"}};
  resource.depends_on = {"B"};
  resource.exists = true;
  stacks_.save(kept, resource);
  stacks_.add_event(event(kept, "one"));
  ChangeSet set = change_set(kept, "c");
  set.changes = {boost::json::object{{"Action", "Add"}}};
  stacks_.add_change_set(set);

  StackStore reopened(*store_, now_);
  const Stack* found = reopened.find("eu-west-1", "s");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->now.parameters.at("P"), "v");
  EXPECT_EQ(found->before.value().added, std::vector<std::string>{"Added"});
  ASSERT_EQ(found->resources.size(), 1U);
  EXPECT_EQ(found->resources[0].properties, resource.properties);
  EXPECT_EQ(found->resources[0].depends_on, std::vector<std::string>{"B"});
  EXPECT_TRUE(found->resources[0].exists);
  EXPECT_EQ(reopened.events(found->id, k_all, 10).events.at(0).id, "one");
  ASSERT_NE(reopened.find_change_set(found->id, "c"), nullptr);
  EXPECT_EQ(reopened.find_change_set(found->id, "c")->changes.size(), 1U);
}

TEST_F(StackStoreTest, ForgetsWhatWasErased) {
  Stack& kept = stacks_.add(stack("s"));
  Resource& resource = kept.resources.emplace_back();
  resource.logical_id = "A";
  stacks_.save(kept, resource);
  stacks_.erase(kept, "A");
  const std::string set = stacks_.add_change_set(change_set(kept, "c")).id;
  stacks_.erase_change_set(set);
  StackStore reopened(*store_, now_);
  EXPECT_TRUE(reopened.find("eu-west-1", "s")->resources.empty());
  EXPECT_EQ(reopened.find_change_set(set), nullptr);
  stacks_.remove(kept);
  EXPECT_EQ(StackStore(*store_, now_).find("eu-west-1", "s"), nullptr);
}

TEST_F(StackStoreTest, FindsTheLivingStackByNameAndAnyByArn) {
  Stack gone = stack("s", "1");
  gone.status = "DELETE_COMPLETE";
  gone.deleted = now_;
  stacks_.add(gone);
  stacks_.add(stack("s", "2"));
  EXPECT_EQ(stacks_.find("eu-west-1", "s")->id, stack("s", "2").id);
  EXPECT_EQ(stacks_.find("eu-west-1", gone.id)->status, "DELETE_COMPLETE");
  EXPECT_EQ(stacks_.find("us-east-1", "s"), nullptr);
  EXPECT_EQ(stacks_.find("us-east-1", gone.id), nullptr);
}

TEST_F(StackStoreTest, KeepsDeletedStacksForNinetyDays) {
  Stack gone = stack("s");
  gone.status = "DELETE_COMPLETE";
  gone.deleted = now_;
  stacks_.add(gone);
  EXPECT_NE(StackStore(*store_, now_ + std::chrono::hours(24 * 89)).find_by_id(gone.id), nullptr);
  EXPECT_EQ(StackStore(*store_, now_ + std::chrono::hours(24 * 91)).find_by_id(gone.id), nullptr);
  EXPECT_EQ(StackStore(*store_, now_).find_by_id(gone.id), nullptr);
}

TEST_F(StackStoreTest, GivesEventsInPagesNewestFirst) {
  const Stack& kept = stacks_.add(stack("s"));
  for (const char* id : {"one", "two", "three"}) stacks_.add_event(event(kept, id));
  const auto first = stacks_.events(kept.id, k_all, 2);
  ASSERT_EQ(first.events.size(), 2U);
  EXPECT_EQ(first.events[0].id, "three");
  ASSERT_GT(first.next_below, 0);
  const auto second = stacks_.events(kept.id, first.next_below, 2);
  ASSERT_EQ(second.events.size(), 1U);
  EXPECT_EQ(second.events[0].id, "one");
  EXPECT_EQ(second.next_below, 0);
}

TEST_F(StackStoreTest, KnowsWhoExportsAndWhoImports) {
  Stack exporting = stack("p");
  exporting.now.outputs = {{"O", "v", "", "shared"}};
  Stack importing = stack("q");
  importing.now.imports = {"shared"};
  const Stack& kept = stacks_.add(exporting);
  stacks_.add(importing);
  EXPECT_EQ(stacks_.find_export("eu-west-1", "shared").stack, &kept);
  EXPECT_EQ(stacks_.find_export("us-east-1", "shared").stack, nullptr);
  EXPECT_EQ(stacks_.importers("eu-west-1", "shared"), std::vector<std::string>{"q"});
  EXPECT_EQ(stacks_.exports("eu-west-1").size(), 1U);
}

TEST_F(StackStoreTest, WritesNothingOnceItIsClosed) {
  Stack& kept = stacks_.add(stack("s"));
  stacks_.close();
  kept.status = "DELETE_COMPLETE";
  stacks_.save(kept);
  EXPECT_EQ(StackStore(*store_, now_).find("eu-west-1", "s")->status, "CREATE_COMPLETE");
}

}  // namespace
}  // namespace sortie::emulator::cloudformation
