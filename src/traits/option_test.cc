#include "traits/option.h"

#include <gtest/gtest.h>

#include <array>

#include "traits/connector_traits.h"

namespace millrace::traits {
namespace {

const char* one_letter(std::string_view value) {
  return value.size() == 1 ? nullptr : "a single character";
}

constexpr OptionSpec kFileOptions[] = {
    {.name = "path", .required = true, .documentation = "The file."},
    {.name = "watch", .type = OptionType::kBoolean, .default_value = "false"},
    {.name = "interval", .type = OptionType::kDuration, .default_value = "1 s"},
    {.name = "part-size", .type = OptionType::kBytes, .default_value = "128 MiB"},
    {.name = "rows", .type = OptionType::kInteger, .min = 1, .max = 10},
    {.name = "rate", .type = OptionType::kReal},
    {.name = "start", .type = OptionType::kTimestamp},
    {.name = "mode", .type = OptionType::kChoice, .choices = "append|replace"},
    {.name = "delimiter", .check = one_letter},
    {.name = "password", .type = OptionType::kSecret, .check = one_letter},
    {.name = "fields.*"},
};

struct FileOptions {
  std::string path;
  bool watch = true;
  int64_t interval_us = 0;
  int64_t rows = 7;
};

constexpr OptionMember<FileOptions> kMembers[] = {
    {"path", &FileOptions::path},
    {"watch", &FileOptions::watch},
    {"interval", &FileOptions::interval_us, OptionType::kDuration},
    {"rows", &FileOptions::rows, OptionType::kInteger},
};

Result<Options> parse(std::vector<WrittenOption> written) {
  const std::array<OptionTable, 2> tables = {OptionTable(kFileOptions), table_options()};
  return Options::parse(tables, written, "connector 'filesystem'", "q.sql:1:1");
}

Result<Options> parse_with(std::string name, std::string value) {
  return parse(
      {{"path", "/a", "", ""}, {std::move(name), std::move(value), "q.sql:2:3", "q.sql:2:9"}});
}

TEST(Options, read_every_type_in_its_unit) {
  const auto options = parse({{"path", "/a"},
                              {"watch", "TRUE"},
                              {"interval", "1.5 min"},
                              {"part-size", "64 KiB"},
                              {"rows", "10"},
                              {"rate", "2.5"},
                              {"start", "1970-01-02 00:00:00.5"},
                              {"mode", "replace"},
                              {"fields.id.min", "3"}});
  ASSERT_TRUE(options) << options.error().to_string();
  EXPECT_TRUE(options->boolean("watch"));
  EXPECT_EQ(options->duration_us("interval"), 90'000'000);
  EXPECT_EQ(options->bytes("part-size"), 65'536);
  EXPECT_EQ(options->integer("rows"), 10);
  EXPECT_EQ(options->real("rate"), 2.5);
  EXPECT_EQ(options->timestamp_us("start"), 86'400'500'000);
  EXPECT_EQ(options->text("mode"), "replace");
  EXPECT_EQ(options->family("fields.").at("fields.id.min"), "3");
}

TEST(Options, have_their_defaults_where_nothing_is_written) {
  const auto options = parse({{"path", "/a"}});
  ASSERT_TRUE(options);
  EXPECT_FALSE(options->boolean("watch"));
  EXPECT_FALSE(options->written("watch"));
  EXPECT_FALSE(options->has("rows"));
  EXPECT_EQ(options->text("on-error"), "dead-letter");
}

TEST(Options, fill_a_plain_struct) {
  const auto options = parse({{"path", "/a"}, {"interval", "250"}});
  ASSERT_TRUE(options);
  const FileOptions file = fill<FileOptions>(*options, kMembers);
  EXPECT_EQ(file.path, "/a");
  EXPECT_FALSE(file.watch);
  EXPECT_EQ(file.interval_us, 250'000);
  EXPECT_EQ(file.rows, 7);
}

TEST(Options, name_the_nearest_option_and_the_place_of_a_misspelt_one) {
  const auto options = parse_with("part-sise", "1");
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code(), ErrorCode::kUnknownOption);
  EXPECT_EQ(options.error().place(), "q.sql:2:3");
  EXPECT_EQ(options.error().remedy(), "Did you mean 'part-size'?");
}

TEST(Options, say_what_a_wrong_value_should_have_been) {
  const std::pair<const char*, const char*> wrong[] = {
      {"watch", "yes"},        {"interval", "5 parsecs"},
      {"part-size", "-"},      {"rows", "11"},
      {"rows", "1.5"},         {"rate", "fast"},
      {"start", "2024-02-30"}, {"mode", "truncate"},
      {"delimiter", "ab"},     {"start", "2024-01-01 24:00:00"},
  };
  for (const auto& [name, value] : wrong) {
    const auto options = parse_with(name, value);
    ASSERT_FALSE(options) << name << " " << value;
    EXPECT_EQ(options.error().code(), ErrorCode::kInvalidOptionValue);
    EXPECT_EQ(options.error().place(), "q.sql:2:9");
  }
  EXPECT_EQ(parse_with("rows", "11").error().message(),
            "option 'rows' takes a whole number between 1 and 10, not '11'");
}

TEST(Options, never_print_a_secret) {
  const auto options = parse_with("password", "hunter2");
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().to_string().find("hunter2"), std::string::npos);
}

TEST(Options, report_a_missing_and_a_doubled_one) {
  EXPECT_EQ(parse({}).error().code(), ErrorCode::kMissingOption);
  EXPECT_EQ(parse({}).error().place(), "q.sql:1:1");
  EXPECT_EQ(parse_with("path", "/b").error().code(), ErrorCode::kInvalidOptionValue);
}

}  // namespace
}  // namespace millrace::traits
