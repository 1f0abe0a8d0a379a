# Makes of each module of src/LAYERS a static library, of its *_test.cc files a test program, of its
# *_bench.cc files a benchmark program, and links just what the module's line allows.

# One precompiled header (std and fmt) for all modules, and one for all tests (GoogleTest, too).
# Listed here, not in a file: its path would make each clone's differ, and what ccache keeps.
set(precompiled
    <fmt/core.h> <algorithm> <array> <atomic> <bit> <charconv> <cmath> <compare>
    <condition_variable> <cstddef> <cstdint> <cstring> <deque> <expected> <functional> <limits>
    <map> <memory> <mutex> <numeric> <optional> <random> <set> <shared_mutex> <span> <string>
    <string_view> <tuple> <type_traits> <unordered_map> <unordered_set> <utility> <variant>
    <vector>)

add_library(precompiled OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
target_precompile_headers(precompiled PRIVATE ${precompiled})
target_link_libraries(precompiled PRIVATE fmt::fmt)

add_library(precompiled_tests OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cc)
target_precompile_headers(precompiled_tests PRIVATE <gtest/gtest.h> ${precompiled})
target_link_libraries(precompiled_tests PRIVATE fmt::fmt third_gtest)
target_compile_options(precompiled_tests PRIVATE ${MILLRACE_TEST_OPTIONS})

function(millrace_add_modules)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/LAYERS)
  file(STRINGS ${CMAKE_SOURCE_DIR}/src/LAYERS lines REGEX "^[0-9]+ [a-z]+:")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^[0-9]+ ([a-z]+):([^|]*)" _ "${line}")
    set(module ${CMAKE_MATCH_1})
    separate_arguments(below UNIX_COMMAND "${CMAKE_MATCH_2}")
    millrace_part(third "${line}")
    millrace_part(tests "${line}")
    millrace_add_module(${module} "${below}" "${third}" "${tests}")
  endforeach()
endfunction()

# Sets `name` to the words of the part `| name: word...` of a line.
function(millrace_part name line)
  set(words "")
  if(line MATCHES "\\| ${name}:([^|]*)")
    separate_arguments(words UNIX_COMMAND "${CMAKE_MATCH_1}")
  endif()
  set(${name} ${words} PARENT_SCOPE)
endfunction()

function(millrace_add_module module below third tests)
  list(TRANSFORM third PREPEND third_)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${module}/*.cc)
  set(sources ${files})
  list(FILTER sources EXCLUDE REGEX "(_test|_bench|/main)\\.cc$")
  if(sources)
    add_library(${module} STATIC ${sources})
    target_precompile_headers(${module} REUSE_FROM precompiled)
    target_include_directories(${module} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${module} PUBLIC fmt::fmt ${below} PRIVATE ${third})
  else()
    add_library(${module} INTERFACE)
    target_include_directories(${module} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${module} INTERFACE fmt::fmt ${below})
  endif()

  set(test_sources ${files})
  list(FILTER test_sources INCLUDE REGEX "_test\\.cc$")
  if(test_sources)
    add_executable(${module}_test ${test_sources})
    target_precompile_headers(${module}_test REUSE_FROM precompiled_tests)
    target_compile_options(${module}_test PRIVATE ${MILLRACE_TEST_OPTIONS})
    target_link_libraries(${module}_test PRIVATE ${module} ${tests} ${third} third_gtest)
    add_test(NAME ${module} COMMAND ${module}_test)
  endif()

  set(bench_sources ${files})
  list(FILTER bench_sources INCLUDE REGEX "_bench\\.cc$")
  if(bench_sources)
    add_executable(${module}_bench EXCLUDE_FROM_ALL ${bench_sources})
    target_link_libraries(${module}_bench PRIVATE ${module} ${tests} ${third} third_benchmark)
  endif()
endfunction()
