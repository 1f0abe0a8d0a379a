# Makes a library of what the program says about itself (src/cli/version.h). When it is run as a
# script it writes that library's only source, and leaves it alone if nothing changed.

if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                  OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  execute_process(COMMAND git diff --quiet HEAD WORKING_DIRECTORY ${SOURCE_DIR}
                  RESULT_VARIABLE differs ERROR_QUIET)
  if(COMMIT AND differs EQUAL 1)
    string(APPEND COMMIT "+")
  endif()
  configure_file(${CMAKE_CURRENT_LIST_DIR}/version.cc.in ${OUTPUT} @ONLY)
  return()
endif()

set(version_source ${CMAKE_BINARY_DIR}/version.cc)
set(version_compiler
    "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}, ${CMAKE_BUILD_TYPE}")
add_custom_target(version_source
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DOUTPUT=${version_source}
          -DNUMBER=${PROJECT_VERSION} "-DCOMPILER=${version_compiler}"
          -P ${CMAKE_SOURCE_DIR}/cmake/version.cmake
  BYPRODUCTS ${version_source})
add_library(version STATIC ${version_source})
add_dependencies(version version_source)
target_include_directories(version PRIVATE ${CMAKE_SOURCE_DIR}/src)
