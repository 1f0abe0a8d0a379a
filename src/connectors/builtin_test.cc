#include "connectors/builtin.h"

#include <gtest/gtest.h>

#include <set>

namespace millrace::connectors {
namespace {

TEST(Connectors, AreFoundByName) {
  const Connectors connectors = builtin_connectors();
  for (const char* name : {"blackhole", "datagen", "filesystem", "log", "nexmark", "print"}) {
    const auto found = connectors.find(name);
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ((*found)->traits().name, name);
  }
}

TEST(Connectors, AMisspeltNameGetsTheNearestOne) {
  const auto missing = builtin_connectors().find("filesytem");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kUnknownConnector);
  EXPECT_NE(missing.error().to_string().find("Did you mean 'filesystem'?"), std::string::npos);
}

TEST(Connectors, TraitsAreWhole) {
  const Connectors connectors = builtin_connectors();
  for (const Connector* connector : connectors.all()) {
    const traits::ConnectorTraits& traits = connector->traits();
    EXPECT_FALSE(traits.summary.empty()) << traits.name;
    EXPECT_TRUE(traits.source || traits.sink.inserts) << traits.name;
    EXPECT_TRUE(traits.format != traits::FormatUse::kOptional || !traits.default_format.empty());
    std::set<std::string_view> names;
    for (const traits::OptionSpec& option : traits.options) {
      EXPECT_TRUE(names.insert(option.name).second) << traits.name << " " << option.name;
      EXPECT_FALSE(option.documentation.empty()) << traits.name << " " << option.name;
      if (option.default_value.empty()) continue;
      EXPECT_TRUE(traits::read_option_value(option, option.default_value)) << option.name;
    }
  }
}

}  // namespace
}  // namespace millrace::connectors
