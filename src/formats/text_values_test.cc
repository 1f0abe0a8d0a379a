#include "formats/text_values.h"

#include <gtest/gtest.h>

#include "data/civil.h"
#include "formats/base64.h"
#include "formats/json/json_text.h"

namespace millrace::formats {
namespace {

using data::Type;
using data::TypeKind;

// The text as a value and back, or the reason why not.
std::string read(const Type& type, std::string_view text) {
  data::ColumnBuilder builder(type, 1);
  FieldFailure failure;
  if (!append_text_as_value(builder, text, failure)) {
    EXPECT_EQ(builder.rows(), 0U);
    return failure.reason;
  }
  return to_string(builder.finish()->value(0), type);
}

TEST(TextValues, NumbersAreStrict) {
  EXPECT_EQ(read(TypeKind::kBigint, " -12 "), "-12");
  EXPECT_EQ(read(TypeKind::kBigint, "+7"), "7");
  EXPECT_EQ(read(TypeKind::kBigint, "12x"), "'12x' is not a BIGINT");
  EXPECT_EQ(read(TypeKind::kBigint, ""), "'' is not a BIGINT");
  EXPECT_EQ(read(TypeKind::kBigint, "+-7"), "'+-7' is not a BIGINT");
  EXPECT_EQ(read(TypeKind::kInt, "1.0"), "'1.0' is not an INT");
  EXPECT_EQ(read(TypeKind::kTinyint, "128"), "'128' is out of the range of TINYINT");
  EXPECT_EQ(read(TypeKind::kTinyint, "-128"), "-128");
  EXPECT_EQ(read(TypeKind::kBigint, "9223372036854775808"),
            "'9223372036854775808' is out of the range of BIGINT");
  EXPECT_EQ(read(TypeKind::kDouble, "1e3"), "1000");
  EXPECT_EQ(read(TypeKind::kDouble, "-Infinity"), "-Infinity");
  EXPECT_EQ(read(TypeKind::kDouble, "NaN"), "NaN");
  EXPECT_EQ(read(TypeKind::kDouble, "1e999"), "'1e999' is out of the range of DOUBLE");
  EXPECT_EQ(read(TypeKind::kFloat, "1e39"), "'1e39' is out of the range of FLOAT");
  EXPECT_EQ(read(TypeKind::kFloat, "0.1"), "0.1");
  EXPECT_EQ(read(Type::decimal(5, 2), "123.455"), "123.46");
  EXPECT_EQ(read(Type::decimal(5, 2), "999.995"), "'999.995' is out of the range of DECIMAL(5, 2)");
  EXPECT_EQ(read(Type::decimal(38, 0), "1e50"), "'1e50' is out of the range of DECIMAL(38, 0)");
  EXPECT_EQ(read(Type::decimal(38, 0), "one"), "'one' is not a DECIMAL(38, 0)");
}

TEST(TextValues, BooleansTimesAndTexts) {
  EXPECT_EQ(read(TypeKind::kBoolean, "TRUE"), "true");
  EXPECT_EQ(read(TypeKind::kBoolean, "off"), "false");
  EXPECT_EQ(read(TypeKind::kBoolean, "2"), "'2' is not a BOOLEAN");
  EXPECT_EQ(read(TypeKind::kDate, "2024/02/29"), "2024-02-29");
  EXPECT_EQ(read(TypeKind::kDate, "1969-12-31 23:00:00"), "1969-12-31");
  EXPECT_EQ(read(TypeKind::kDate, "2023-02-29"), "'2023-02-29' is not a DATE");
  EXPECT_EQ(read(Type(TypeKind::kTime, 0), "23:59:59.9"), "23:59:59");
  EXPECT_EQ(read(Type(TypeKind::kTime, 0), "12:30:29.5"), "12:30:30");
  EXPECT_EQ(read(Type::timestamp(3), "2024-02-29 23:56:05.4605"), "2024-02-29 23:56:05.461");
  EXPECT_EQ(read(Type::timestamp_ltz(0), "2024-02-29T23:56:05+01:00"), "2024-02-29 22:56:05Z");
  EXPECT_EQ(read(Type::timestamp(9), "2024-02-29 23:56:05.460789012"),
            "2024-02-29 23:56:05.460789012");
  EXPECT_EQ(read(Type::timestamp(9), "2300-01-01"),
            "'2300-01-01' is out of the range of TIMESTAMP(9)");
  EXPECT_EQ(read(Type(TypeKind::kVarchar, 3), "äöü"), "äöü");
  EXPECT_EQ(read(Type(TypeKind::kVarchar, 3), "abcd"),
            "'abcd' has 4 characters, more than VARCHAR(3) takes");
  EXPECT_EQ(read(TypeKind::kBytes, "aGk="), "\\x6869");
  EXPECT_EQ(read(TypeKind::kBytes, "a"), "'a' is not a BYTES");
  EXPECT_EQ(read(TypeKind::kJson, " [1] "), "[1]");
  EXPECT_EQ(read(TypeKind::kJson, "[1"), "'[1' is not a JSON");
}

TEST(TextValues, Base64RoundTripsAndRefusesWhatIsNone) {
  std::string bytes;
  for (int length = 0; length < 40; ++length) {
    std::string text;
    append_base64(text, bytes);
    EXPECT_EQ(text.size() % 4, 0U);
    std::string back = "x";
    ASSERT_TRUE(append_from_base64(back, text));
    EXPECT_EQ(back, "x" + bytes);
    bytes += static_cast<char>(length * 37);
  }
  for (const char* text : {"a", "ab=", "a===", "ab==c", "a b=", "ab-_", "=", "aGl="}) {
    std::string back;
    EXPECT_FALSE(append_from_base64(back, text)) << text;
    EXPECT_EQ(back, "");
  }
}

TEST(JsonText, TellsJsonFromWhatIsNone) {
  for (const char* text : {"1", "-0.5e+10", "\"\\u00e4\\n\"", "[]", "{}", "[1, {\"a\": null}]",
                           " true ", "{\"a\":[],\"b\":{}}"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
  for (const char* text : {"", "01", "1.", ".5", "+1", "tru", "[1,]", "{\"a\"}", "{a:1}", "'a'",
                           "1 2", "\"\n\"", "\"\\x\"", "[1", "nan", "\"\\u12g4\""}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_TRUE(is_json(std::string(500, '[') + std::string(500, ']')));
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(JsonText, QuotesEverythingThatMustBe) {
  const auto quoted = [](std::string_view text) {
    std::string to;
    append_json_string(to, text);
    return to;
  };
  EXPECT_EQ(quoted("plain text that is long enough for a block"),
            "\"plain text that is long enough for a block\"");
  EXPECT_EQ(quoted("a\"b\\c\nd\te\rf\x01g"), "\"a\\\"b\\\\c\\nd\\te\\rf\\u0001g\"");
  EXPECT_EQ(quoted("0123456789abcde\"0123456789abcdef\n"),
            "\"0123456789abcde\\\"0123456789abcdef\\n\"");
  EXPECT_EQ(quoted("äöü\x7f"), "\"äöü\x7f\"");
}

TEST(JsonText, PathsNameArraysInDocuments) {
  const auto path = JsonPath::parse("$.a['b c'][*].d");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->names, (std::vector<std::string>{"a", "b c"}));
  EXPECT_TRUE(path->each);
  EXPECT_EQ(path->row_names, (std::vector<std::string>{"d"}));
  for (const char* text : {"", "a", "$a", "$.", "$..a", "$[*][*]", "$['a", "$[0]"}) {
    EXPECT_EQ(JsonPath::parse(text).error().code(), ErrorCode::kInvalidOptionValue) << text;
  }
}

}  // namespace
}  // namespace millrace::formats
