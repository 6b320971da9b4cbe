# Writes OUTPUT: a C++ file with the text of INPUT, which report_page() returns.
file(READ ${INPUT} page)
# A literal may have 64 KiB, so there is one for each part.
set(literals "")
string(LENGTH "${page}" length)
set(at 0)
while(at LESS length)
  string(SUBSTRING "${page}" ${at} 8000 part)
  string(APPEND literals "      R\"PAGE(${part})PAGE\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include \"cli/report_page.h\"

namespace containerizer {

std::string report_page() {
  return
${literals}      ;
}

}  // namespace containerizer
")
