# The harness is a program of its own inside the program: static whatever the build is (it has to start in Lambda's
# image, under any sanitizer's build of the rest), small, without locale and iostream. It compiles what it needs of
# base and suite again with its own flags.
file(GLOB harness_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/harness/*.cc ${CMAKE_SOURCE_DIR}/src/suite/*.cc)
list(FILTER harness_sources EXCLUDE REGEX "_test\\.cc$")
list(FILTER harness_sources EXCLUDE REGEX "/blob\\.cc$")
add_executable(harness ${harness_sources} ${CMAKE_SOURCE_DIR}/src/base/error.cc ${CMAKE_SOURCE_DIR}/src/base/utf8.cc
  ${CMAKE_SOURCE_DIR}/src/base/base64.cc)
target_compile_options(harness PRIVATE -Os -ffunction-sections -fdata-sections -fno-sanitize=all -fno-asynchronous-unwind-tables)
target_precompile_headers(harness PRIVATE <boost/json.hpp> <chrono> <map> <optional> <string> <string_view> <variant> <vector>)
target_link_libraries(harness PRIVATE boost_json pugixml)
target_link_options(harness PRIVATE -static -Wl,--gc-sections -s -fno-sanitize=all)

# Its bytes, for the programs that make packages.
set(harness_blob_assembly ${CMAKE_BINARY_DIR}/harness_blob.S)
file(CONFIGURE OUTPUT ${harness_blob_assembly} @ONLY CONTENT [[
  .section .rodata
  .global sortie_harness_begin
  .global sortie_harness_end
  .balign 16
sortie_harness_begin:
  .incbin "@CMAKE_BINARY_DIR@/bin/harness"
sortie_harness_end:
  .byte 0
  .section .note.GNU-stack,"",%progbits
]])
add_library(harness_blob STATIC ${harness_blob_assembly} ${CMAKE_SOURCE_DIR}/src/harness/blob.cc)
set_source_files_properties(${harness_blob_assembly} PROPERTIES OBJECT_DEPENDS ${CMAKE_BINARY_DIR}/bin/harness)
add_dependencies(harness_blob harness)

# The built harness under a fake Runtime API, with the real suites of test/suites.
add_custom_target(suites COMMAND ${CMAKE_SOURCE_DIR}/test/suites/build.sh ${CMAKE_BINARY_DIR}/suites VERBATIM)
file(GLOB harness_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/harness/*_test.cc)
add_executable(harness_test ${harness_tests} ${CMAKE_SOURCE_DIR}/src/harness/units.cc
               ${CMAKE_SOURCE_DIR}/src/harness/descendants.cc)
target_precompile_headers(harness_test REUSE_FROM base)
target_compile_definitions(harness_test PRIVATE
  HARNESS_PROGRAM="${CMAKE_BINARY_DIR}/bin/harness" SUITES_FOLDER="${CMAKE_BINARY_DIR}/suites")
target_link_libraries(harness_test PRIVATE suite GTest::gtest GTest::gtest_main)
add_dependencies(harness_test harness suites)
add_dependencies(unit_tests harness_test)
add_test(NAME harness COMMAND harness_test)
