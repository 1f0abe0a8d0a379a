#include "catalog/catalog.h"

#include <gtest/gtest.h>

namespace millrace::catalog {
namespace {

Relation table(std::string schema, std::string object) {
  auto definition = std::make_shared<TableDefinition>();
  definition->name = {"main", std::move(schema), std::move(object)};
  definition->statement = "CREATE TABLE " + definition->name.to_string() + " (a INT);";
  return Relation::of(TablePtr(definition));
}

CatalogPtr catalog_of(std::vector<Relation> relations) {
  CatalogPtr catalog = std::make_shared<Catalog>();
  for (Relation& relation : relations) catalog = catalog->with(std::move(relation), 1);
  return catalog;
}

Result<const Relation*> find(const CatalogPtr& catalog, std::vector<std::string> parts) {
  return catalog->find(parts, NamePath{});
}

TEST(Catalog, finds_a_name_exactly_as_written_before_one_in_another_case) {
  const CatalogPtr catalog = catalog_of({table("public", "Flights"), table("public", "flights")});
  ASSERT_TRUE(find(catalog, {"flights"}));
  EXPECT_EQ((*find(catalog, {"flights"}))->name.object, "flights");
  EXPECT_EQ((*find(catalog, {"Flights"}))->name.object, "Flights");
}

TEST(Catalog, finds_a_name_in_another_case_where_there_is_only_one) {
  const CatalogPtr catalog = catalog_of({table("public", "Flights"), table("sys", "errors")});
  EXPECT_EQ((*find(catalog, {"FLIGHTS"}))->name.object, "Flights");
  EXPECT_EQ((*find(catalog, {"SYS", "Errors"}))->name.to_short_string(), "sys.errors");
  EXPECT_EQ((*find(catalog, {"main", "sys", "errors"}))->name.object, "errors");
}

TEST(Catalog, refuses_a_name_in_another_case_that_means_two) {
  const CatalogPtr catalog = catalog_of({table("public", "Flights"), table("public", "flights")});
  const auto found = find(catalog, {"FLIGHTS"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kAmbiguousName);
}

TEST(Catalog, suggests_the_nearest_name) {
  const CatalogPtr catalog = catalog_of({table("public", "flights"), table("public", "airports")});
  const auto found = find(catalog, {"flihgts"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kTableNotFound);
  EXPECT_EQ(found.error().remedy(), "Did you mean 'flights'?");
}

TEST(Catalog, keeps_the_old_state_for_who_holds_it) {
  const CatalogPtr before = catalog_of({table("public", "flights")});
  const CatalogPtr after = before->without({"main", "public", "flights"}, 2);
  EXPECT_TRUE(find(before, {"flights"}));
  EXPECT_FALSE(find(after, {"flights"}));
  EXPECT_EQ(after->version(), 2);
}

TEST(Catalog, hides_a_durable_table_behind_a_temporary_one_until_that_is_dropped) {
  Relation temporary = table("public", "flights");
  temporary.temporary = true;
  const CatalogPtr durable = catalog_of({table("public", "flights")});
  const CatalogPtr both = durable->with(temporary, 1);
  EXPECT_TRUE((*find(both, {"flights"}))->temporary);
  EXPECT_EQ(both->relations().size(), 1);
  const CatalogPtr dropped = both->without({"main", "public", "flights"}, 1);
  EXPECT_FALSE((*find(dropped, {"flights"}))->temporary);
  const CatalogPtr session = Catalog().with(temporary, 0);
  EXPECT_TRUE((*find(durable->overlaid_by(*session), {"flights"}))->temporary);
}

TEST(Catalog, answers_a_broken_definition_with_its_reason) {
  Relation broken = table("public", "flights");
  broken.broken = Error(ErrorCode::kUnknownConnector, "there is no connector 'mqtt'");
  const auto found = find(catalog_of({broken}), {"flights"});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kUnknownConnector);
}

TEST(QualifiedName, prints_quoted_where_it_must_and_names_its_topic) {
  EXPECT_EQ((QualifiedName{"main", "public", "a b"}.to_string()), "main.public.\"a b\"");
  EXPECT_EQ((QualifiedName{"main", "public", "t"}.to_topic()), "t");
  EXPECT_EQ((QualifiedName{"main", "raw", "t"}.to_topic()), "main.raw.t");
  EXPECT_EQ((QualifiedName{"main", "raw", "t"}.to_short_string()), "raw.t");
}

}  // namespace
}  // namespace millrace::catalog
