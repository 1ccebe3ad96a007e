"""Invented names, titles and places the entities are made of."""

FIRST_NAMES = (
    "Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hana", "Ivo", "Jun",
    "Kofi", "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tomoko",
    "Umar", "Vera", "Wen", "Xenia", "Yusuf", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bianchi", "Castillo", "Dvořák", "Eriksen", "Fujimoto", "García", "Hoffmann",
    "Ibrahim", "Jansen", "Kowalska", "Lindqvist", "Mensah", "Nguyen", "O'Brien", "Petrov",
    "Quispe", "Rossi", "Sato", "Tanaka", "Ueda", "Varga", "Wójcik", "Yildiz", "Zhang",
)  # fmt: skip
JOB_TITLES = (
    ("Senior Data Engineer", "Engineering"),
    ("Site Reliability Engineer", "Engineering"),
    ("Backend Engineer, Payments", "Engineering"),
    ("Frontend Engineer", "Engineering"),
    ("Product Designer", "Product"),
    ("Product Manager, Platform", "Product"),
    ("Customer Success Manager", "Customer Success"),
    ("Account Executive, DACH", "Sales"),
    ("People Operations Partner", "People"),
    ("Financial Controller", "Finance"),
    ("Warehouse Team Lead", "Logistics"),
    ("Technical Writer", "Product"),
)
PLACES = (
    ("Berlin", "Berlin", "Germany", "de"),
    ("Kraków", "Małopolskie", "Poland", "pl"),
    ("Lisboa", "Lisboa", "Portugal", "pt"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France", "fr"),
    ("London", "England", "United Kingdom", "gb"),
    ("Toronto", "Ontario", "Canada", "ca"),
    ("Austin", "Texas", "United States", "us"),
    ("Singapore", "Singapore", "Singapore", "sg"),
)
SOURCES = ("LinkedIn", "Company website", "Referral", "Indeed", "Career fair", "Sourced")
TAGS = ("python", "relocation", "speaks German", "remote only", "top of class", "alumni", "SQL")
QUESTIONS = (
    ("When could you start?", ("In four weeks", "In three months", "At once")),
    ("Do you need a work permit?", ("Yes", "No")),
    ("Years of experience in this field?", ("2", "5", "9")),
    ("Are you willing to travel?", ("Yes", "No", "Up to 20 %")),
)
COMMENTS = (
    "Budget is fine from my side.",
    "Please check the salary band once more.",
    "Agreed with the department head.",
    "Let us wait for the headcount plan.",
)
REVIEWS = (
    "Clear thinker, asked good questions.",
    "Strong on systems, less so on testing.",
    "Would enjoy working together.",
    "Solid, but not yet senior.",
)
