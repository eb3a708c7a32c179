# Stamps grapevine/version.h and the git revision that results files carry.
configure_file(${PROJECT_SOURCE_DIR}/include/grapevine/version.h.in
  ${PROJECT_BINARY_DIR}/include/grapevine/version.h @ONLY)
find_package(Git QUIET)
set(GV_GIT_COMMIT "unknown")
if(GIT_FOUND AND EXISTS ${PROJECT_SOURCE_DIR}/.git)
  execute_process(COMMAND ${GIT_EXECUTABLE} rev-parse HEAD
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    OUTPUT_VARIABLE GV_GIT_COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
configure_file(${PROJECT_SOURCE_DIR}/cmake/revision.h.in
  ${PROJECT_BINARY_DIR}/include/engine/revision.h @ONLY)
