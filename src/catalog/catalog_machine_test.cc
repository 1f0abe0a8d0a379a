#include "catalog/catalog_machine.h"

#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

// Reads every statement as a table without columns, but for the one that names a lost connector.
class PlainReader final : public DefinitionReader {
 public:
  Result<Relation> read(std::string_view statement, const QualifiedName& name,
                        const NamePath&) const override {
    if (statement.find("lost") != std::string_view::npos) {
      return Error(ErrorCode::kUnknownConnector, "there is no connector 'lost'");
    }
    auto definition = std::make_shared<TableDefinition>();
    definition->name = name;
    definition->statement = statement;
    return Relation::of(TablePtr(definition));
  }
};

Relation relation(std::string object, std::string statement = "CREATE TABLE …") {
  Relation relation{.name = {"main", "public", std::move(object)}};
  relation.statement = std::move(statement);
  return relation;
}

commit::Command create(Relation made, bool replace = false) {
  return CatalogMachine::create_command(made, NamePath{}, replace, 0);
}

class CatalogMachineTest : public testing::Test {
 protected:
  void apply(const commit::Command& command) {
    ASSERT_TRUE(machine.check(std::span(&command, 1)));
    machine.apply(commit::Lsn(1), command.body);
  }
  const Relation* find(const std::string& object) {
    return machine.current()->find_exact({"main", "public", object});
  }
  PlainReader reader;
  CatalogMachine machine{reader};
};

TEST_F(CatalogMachineTest, applies_what_it_checked_and_counts_the_changes) {
  apply(create(relation("a")));
  apply(create(relation("b")));
  apply(CatalogMachine::drop_command({"main", "public", "a"}, 2));
  EXPECT_EQ(find("a"), nullptr);
  EXPECT_NE(find("b"), nullptr);
  EXPECT_EQ(machine.current()->version(), 3);
}

TEST_F(CatalogMachineTest, refuses_a_second_of_one_name_unless_it_replaces) {
  apply(create(relation("a", "first")));
  const commit::Command again = create(relation("a"));
  EXPECT_EQ(machine.check(std::span(&again, 1)).error().code(), ErrorCode::kTableExists);
  apply(create(relation("a", "second"), true));
  EXPECT_EQ(find("a")->statement, "second");
}

TEST_F(CatalogMachineTest, checks_the_commands_of_one_proposal_together) {
  const std::vector<commit::Command> twice = {create(relation("a")), create(relation("a"))};
  EXPECT_FALSE(machine.check(twice));
  const std::vector<commit::Command> and_back = {
      create(relation("a")), CatalogMachine::drop_command({"main", "public", "a"}, 0)};
  EXPECT_TRUE(machine.check(and_back));
  const commit::Command drop = CatalogMachine::drop_command({"main", "public", "a"}, 0);
  EXPECT_EQ(machine.check(std::span(&drop, 1)).error().code(), ErrorCode::kTableNotFound);
}

TEST_F(CatalogMachineTest, comes_back_from_its_snapshot) {
  Relation with_topic = relation("a", "CREATE TABLE a …");
  with_topic.made_topic = true;
  apply(create(with_topic));
  apply(create(relation("b")));
  CatalogMachine restored(reader);
  ASSERT_TRUE(restored.restore(machine.snapshot()));
  EXPECT_EQ(restored.snapshot(), machine.snapshot());
  EXPECT_EQ(restored.current()->version(), 2);
  EXPECT_TRUE(restored.current()->find_exact({"main", "public", "a"})->made_topic);
}

TEST_F(CatalogMachineTest, refuses_a_cut_snapshot_wherever_it_is_cut) {
  apply(create(relation("a")));
  const std::string whole = machine.snapshot();
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    CatalogMachine restored(reader);
    EXPECT_FALSE(restored.restore(whole.substr(0, bytes))) << bytes;
  }
}

TEST_F(CatalogMachineTest, keeps_what_it_cannot_read_so_that_it_can_be_dropped) {
  apply(create(relation("a", "CREATE TABLE a … lost")));
  ASSERT_NE(find("a"), nullptr);
  EXPECT_TRUE(find("a")->broken.has_value());
  apply(CatalogMachine::drop_command({"main", "public", "a"}, 1));
  EXPECT_EQ(find("a"), nullptr);
}

TEST_F(CatalogMachineTest, protects_system_relations_and_leaves_them_out_of_the_snapshot) {
  const std::string empty = machine.snapshot();
  machine.add_system(relation("errors"));
  EXPECT_EQ(machine.snapshot(), empty);
  const commit::Command drop = CatalogMachine::drop_command({"main", "public", "errors"}, 0);
  EXPECT_FALSE(machine.check(std::span(&drop, 1)));
}

}  // namespace
}  // namespace millrace::catalog
