"""The forms of the procedures. Personal data: never on a lifecycle topic."""

from typing import Annotated

from pydantic import Field

from contracts.forms.births import (
    BirthForm,
    BirthNotification,
    BirthParentForm,
    Child,
    ForeignPlace,
    ForeignRegistration,
    HealthInsurance,
    IdentityCard,
    KinshipProof,
    LinkedBirthForm,
    Parent,
    Recognition,
    ResidenceRegistration,
)
from contracts.forms.changes import (
    BookEntry,
    Change,
    ChangedItem,
    ChangeForm,
    ExtractCopyForm,
    Item,
    Subject,
)
from contracts.forms.dates import PartialDate
from contracts.forms.deaths import DeathForm, DeathNotice, Deceased
from contracts.forms.legacy import LegacyForm
from contracts.forms.marriages import MaritalStatusForm, MarriageForm, Person, Spouse
from contracts.forms.parts import (
    Address,
    CitizenForm,
    Country,
    DistrictCode,
    IdentityPaper,
    Line,
    MaritalStatus,
    Name,
    Note,
    PersonalNumber,
    Relation,
    Requester,
    Residence,
    Sex,
    Short,
)

Form = Annotated[
    BirthForm
    | BirthParentForm
    | LinkedBirthForm
    | MarriageForm
    | DeathForm
    | MaritalStatusForm
    | ChangeForm
    | ExtractCopyForm
    | LegacyForm,
    Field(discriminator="kind"),
]

__all__ = [
    "Address",
    "BirthForm",
    "BirthNotification",
    "BirthParentForm",
    "BookEntry",
    "Change",
    "ChangeForm",
    "ChangedItem",
    "Child",
    "CitizenForm",
    "Country",
    "DeathForm",
    "DeathNotice",
    "Deceased",
    "DistrictCode",
    "ExtractCopyForm",
    "ForeignPlace",
    "ForeignRegistration",
    "Form",
    "HealthInsurance",
    "IdentityCard",
    "IdentityPaper",
    "Item",
    "KinshipProof",
    "LegacyForm",
    "Line",
    "LinkedBirthForm",
    "MaritalStatus",
    "MaritalStatusForm",
    "MarriageForm",
    "Name",
    "Note",
    "Parent",
    "PartialDate",
    "Person",
    "PersonalNumber",
    "Recognition",
    "Relation",
    "Requester",
    "Residence",
    "ResidenceRegistration",
    "Sex",
    "Short",
    "Spouse",
    "Subject",
]
